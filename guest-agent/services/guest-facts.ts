/** What planning needs to know of this guest; the same for the agent's whole life. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { GuestFacts } from '../plan/context.ts';
import { cgroupRoot, type Paths } from './paths.ts';

/** Debian's kernels of both architectures have pages of 4 KiB. */
const pageSize = 4096;

/** To be called when the containers' parent cgroup is there: its files tell what the kernel accounts. */
export function guestFacts(paths: Paths, arch: string): GuestFacts {
  const cgroup = cgroupRoot(paths);
  return {
    cpus: availableParallelism(),
    memoryNodes: memoryNodes(),
    memoryBytes: totalmem(),
    pageSize,
    swap: existsSync(join(cgroup, 'memory.swap.max')),
    ioWeight: existsSync(join(cgroup, 'io.weight')),
    architecture: arch === 'arm64' ? 'arm64' : 'amd64',
    kernel: release(),
  };
}

export function bootId(paths: Paths): string {
  return readFileSync(join(paths.proc, 'sys/kernel/random/boot_id'), 'utf8').trim();
}

function memoryNodes(): number {
  try {
    return readdirSync('/sys/devices/system/node').filter((name) => /^node\d+$/.test(name)).length || 1;
  } catch {
    return 1;
  }
}

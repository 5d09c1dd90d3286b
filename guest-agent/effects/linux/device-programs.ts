/** Programs that decide over a cgroup's devices: BPF_PROG_QUERY of bpf(2). */
import { closeSync, constants, openSync } from 'node:fs';
import { kernel } from './syscalls.ts';

const bpfNumber: Readonly<Record<string, number>> = { x64: 321, arm64: 280 };
const BPF_PROG_QUERY = 16;
const BPF_CGROUP_DEVICE = 6;
/** Up to `prog_cnt`, which is asked for alone. */
const queryBytes = 32;
const countAt = 24;

/** How many are attached to it. @throws EngineError `operation-failed`; the system's ENOENT when the cgroup is gone */
export async function devicePrograms(cgroup: string): Promise<number> {
  const { call } = await kernel();
  const fd = openSync(cgroup, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const query = Buffer.alloc(queryBytes);
    query.writeUInt32LE(fd, 0);
    query.writeUInt32LE(BPF_CGROUP_DEVICE, 4);
    const number = bpfNumber[process.arch] ?? -1;
    call(`bpf query ${cgroup}`, (calls) => calls.syscall(number, BPF_PROG_QUERY, query, query.length));
    return query.readUInt32LE(countAt);
  } finally {
    closeSync(fd);
  }
}

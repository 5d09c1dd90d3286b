/** What a machine and its host service hold at a moment: after a load that is over it is what it was before. */
import { readdirSync, readFileSync } from 'node:fs';
import { guest, ok } from './berth.ts';

/** Numbers of things, none of which may stay; but for bytes, which are the resident memory of two processes. */
export interface Held {
  readonly counts: Readonly<Record<string, number>>;
  readonly bytes: Readonly<Record<'service' | 'agent', number>>;
}

const script = `agent=$(ps | awk '/[a]gent.mjs/ { print $1 }')
ls /proc/$agent/fd | wc -l; ps | grep -c '[b]erth-launcher'; find /sys/fs/cgroup/berth -type d | wc -l
wc -l </proc/mounts; ls /sys/class/net | wc -l; ls /var/lib/berth/containers | wc -l; ls /run/berth/monitors | wc -l
awk '/^VmRSS/ { print $2 }' /proc/$agent/status`;
const names = ['agent’s descriptors', 'launchers', 'cgroups', 'mounts', 'interfaces', 'folders', 'monitors’ sockets'];

export async function held(): Promise<Held> {
  const service = await ok(['status', '--format', '{{.servicePid}}']);
  const numbers = (await guest(script)).split('\n').map(Number);
  const rss = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${service}/status`, 'utf8'))?.[1];
  return {
    counts: {
      'service’s descriptors': readdirSync(`/proc/${service}/fd`).length,
      ...Object.fromEntries(names.map((name, index) => [name, numbers[index] ?? Number.NaN])),
    },
    bytes: { service: Number(rss) * 1024, agent: (numbers[names.length] ?? Number.NaN) * 1024 },
  };
}

/** What there is more of than before, with both numbers; empty when nothing stayed. */
export function left(before: Held, after: Held): string[] {
  return Object.entries(after.counts).flatMap(([name, count]) => {
    const was = before.counts[name] ?? Number.NaN;
    return count <= was ? [] : [`${name}: ${was}, then ${count}`];
  });
}

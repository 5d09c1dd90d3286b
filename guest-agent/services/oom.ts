/** Processes killed for their container's memory limit, as the cgroup counts them (cgroup-v2.rst, memory.events). */
import { readFileSync, watch } from 'node:fs';
import { join } from 'node:path';

/** `oom_kill` of the cgroup and those below it; 0 when it is gone. */
export function oomKills(cgroup: string): number {
  try {
    const text = readFileSync(join(cgroup, 'memory.events'), 'utf8');
    return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Calls back at each further kill; the answer ends it. The kernel tells inotify(7) of every change of the file. */
export function watchOom(cgroup: string, onKill: () => void): () => void {
  let known = oomKills(cgroup);
  try {
    const watcher = watch(join(cgroup, 'memory.events'), () => {
      const kills = oomKills(cgroup);
      if (kills > known) onKill();
      known = Math.max(known, kills);
    });
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch {
    // The process was so quick that its cgroup is gone already: its end tells.
    return () => undefined;
  }
}

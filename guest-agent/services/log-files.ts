/** The files of one container's log: `log` is written to, `log.1` was before it, and so on; rotation renames upwards. */
import { closeSync, openSync, statSync } from 'node:fs';

export interface LogFile {
  readonly path: string;
  readonly inode: bigint;
}

/**
 * Oldest first. Looked up from the newest name to the oldest: a rotation meanwhile moves files to names not looked at yet,
 * so that a file may be met twice (its last place counts) but is never missed.
 */
export function logFiles(path: string, maxFiles: number): LogFile[] {
  const places = new Map<bigint, string>();
  for (let index = 0; index <= maxFiles; index += 1) {
    const name = index === 0 ? path : `${path}.${index}`;
    const inode = statSync(name, { bigint: true, throwIfNoEntry: false })?.ino;
    if (inode === undefined) continue;
    places.delete(inode);
    places.set(inode, name);
  }
  return [...places].map(([inode, name]) => ({ path: name, inode })).reverse();
}

/** Opens the file that the listing meant; undefined when it has been renamed or removed since. */
export function openLogFile(file: LogFile): { fd: number; inode: bigint } | undefined {
  let fd: number;
  try {
    fd = openSync(file.path, 'r');
  } catch {
    return undefined;
  }
  const inode = statSync(`/proc/self/fd/${fd}`, { bigint: true }).ino;
  if (inode === file.inode) return { fd, inode };
  closeSync(fd);
  return undefined;
}

/** The header `X-Docker-Container-Path-Stat`, before base64. */
import type { PathStat } from '../../../guest-agent/protocol/archive.ts';
import { rfc3339 } from '../../contract/times.ts';

/** Type bits of inode(7) → those of Go's fs.FileMode. */
const types: Readonly<Record<number, number>> = {
  0o040000: 2 ** 31,
  0o120000: 2 ** 27,
  0o060000: 2 ** 26,
  0o020000: 2 ** 26 + 2 ** 21,
  0o010000: 2 ** 25,
  0o140000: 2 ** 24,
};

export function goFileMode(mode: number): number {
  const special = (mode & 0o4000 ? 2 ** 23 : 0) + (mode & 0o2000 ? 2 ** 22 : 0) + (mode & 0o1000 ? 2 ** 20 : 0);
  return (types[mode & 0o170000] ?? 0) + special + (mode & 0o777);
}

export function pathStat({ name, size, mode, mtimeNano, linkTarget }: PathStat) {
  return { name, size, mode: goFileMode(mode), mtime: rfc3339(mtimeNano), linkTarget };
}

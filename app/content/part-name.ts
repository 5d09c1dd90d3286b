import { randomBytes } from 'node:crypto';
import { isErrno } from '../base/atomic-file.ts';

/** A name for a file that is being written or removed: it tells which process to ask whether it is still needed. */
export function partName(name: string): string {
  return `${name}.${process.pid}-${randomBytes(4).toString('hex')}.part`;
}

/** True for a part's name whose process no longer runs. */
export function isAbandoned(name: string): boolean {
  const pid = /\.([0-9]+)-[0-9a-f]{8}\.part$/.exec(name)?.[1];
  if (pid === undefined) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return !isErrno(error, 'EPERM');
  }
}

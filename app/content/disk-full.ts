import { isErrno } from '../base/atomic-file.ts';
import { EngineError } from '../base/error.ts';

/** SQLITE_FULL; and SQLITE_IOERR with what it could not do (sqlite.org/rescode.html). */
const fullCodes = [13, 0x130a, 0x120a, 0x030a];

/** True when the disk, or the user's share of it, is full: of system calls and of SQLite. */
export function isFull(error: unknown): boolean {
  if (isErrno(error, 'ENOSPC') || isErrno(error, 'EDQUOT')) return true;
  return error instanceof Error && 'errcode' in error && fullCodes.includes(Number(error.errcode));
}

/** @param what happened, such as "layer X could not be unpacked" */
export function diskFull(what: string, cause: unknown): EngineError {
  return new EngineError('disk-full', `The disk is full: ${what}.`, {
    cause,
    hint: 'Free some space, for instance by "berth image prune -a" or "berth system prune".',
  });
}

import { mkdir } from 'node:fs/promises';
import { lock } from 'proper-lockfile';
import { isErrno } from '../base/atomic-file.ts';
import { EngineError } from '../base/error.ts';

/** After a crash the lock is free again this many milliseconds later. */
const STALE_AFTER = 10_000;

/**
 * Makes this process the only one that runs the machine. A lock that a crashed process left is taken over.
 * @param folder the machine's own
 * @throws EngineError `in-use` while another process holds it.
 */
export async function lockMachine(
  folder: string,
  onLost: (cause: Error) => void,
  staleAfter = STALE_AFTER,
): Promise<AsyncDisposable> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const retries = { retries: 12, factor: 1, minTimeout: staleAfter / 10, maxTimeout: staleAfter / 10 };
  try {
    const release = await lock(folder, { stale: staleAfter, update: staleAfter / 4, retries, onCompromised: onLost });
    return { [Symbol.asyncDispose]: () => release().catch(() => undefined) };
  } catch (cause) {
    if (!isErrno(cause, 'ELOCKED')) throw cause;
    throw new EngineError('in-use', `Another process runs the machine in ${folder}.`, {
      hint: 'Stop it there first, or choose another machine with --machine NAME.',
      cause,
    });
  }
}

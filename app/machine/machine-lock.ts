import { mkdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { lock } from 'proper-lockfile';
import { isErrno } from '../base/atomic-file.ts';
import { EngineError } from '../base/error.ts';
import type { HostOs } from '../base/platform.ts';
import { hasEnded, writePidFile } from '../base/process-identity.ts';

/** After this many milliseconds without a sign of life a lock is free again, whoever holds it. */
const STALE_AFTER = 10_000;

interface LockOptions {
  readonly hostOs: HostOs;
  readonly onLost: (cause: Error) => void;
  readonly staleAfter?: number;
}

/**
 * Makes this process the only one that runs the machine. The lock of a process that is gone is taken over at once; that of
 * one that cannot be looked for (another host's, of the same folder) when it gives no sign of life.
 * @param folder the machine's own
 * @throws EngineError `in-use` while another process holds it.
 */
export async function lockMachine(folder: string, options: LockOptions): Promise<AsyncDisposable> {
  const { hostOs, onLost, staleAfter = STALE_AFTER } = options;
  const holder = join(folder, 'holder.pid');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const retries = { retries: 12, factor: 1, minTimeout: staleAfter / 10, maxTimeout: staleAfter / 10 };
  // Two that come this far at once are left to QEMU's own lock of the disk.
  if (await hasEnded(holder, hostOs)) await rmdir(`${folder}.lock`).catch(() => undefined);
  try {
    const release = await lock(folder, { stale: staleAfter, update: staleAfter / 4, retries, onCompromised: onLost });
    await writePidFile(holder, process.pid, hostOs);
    return {
      [Symbol.asyncDispose]: async () => {
        await rm(holder, { force: true });
        await release().catch(() => undefined);
      },
    };
  } catch (cause) {
    if (!isErrno(cause, 'ELOCKED')) throw cause;
    throw new EngineError('in-use', `Another process runs the machine in ${folder}.`, {
      hint: 'Stop it there first, or choose another machine with --machine NAME.',
      cause,
    });
  }
}

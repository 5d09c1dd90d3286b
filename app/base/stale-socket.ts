import { lstat, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { isErrno } from './atomic-file.ts';
import { EngineError } from './error.ts';

/**
 * Removes a unix socket that a crashed process left: only when it is a socket and nobody answers on it.
 * @throws EngineError `in-use` when somebody does, `permission-denied` when the path is something else.
 */
export async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (found === undefined) return;
  if (!found.isSocket())
    throw new EngineError('permission-denied', `${path} is in the way: it is not a socket.`, { hint: 'Remove it.' });
  if (await answers(path))
    throw new EngineError('in-use', `A host service listens at ${path} already.`, {
      hint: 'Use it, or end it first with "berth stop --service".',
    });
  await rm(path, { force: true });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const done = (answer: () => void): void => {
      socket.destroy();
      answer();
    };
    socket.once('connect', () => done(() => resolve(true)));
    socket.once('error', (error) => {
      const nobody = isErrno(error, 'ECONNREFUSED') || isErrno(error, 'ENOENT');
      done(nobody ? () => resolve(false) : () => reject(error));
    });
  });
}

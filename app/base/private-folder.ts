import { lstat, mkdir, chmod } from 'node:fs/promises';
import { EngineError } from './error.ts';

/**
 * Makes a folder (and its parents) that only this user can enter, or checks that an existing one is so: a folder in a
 * world-writable place that belongs to someone else is refused.
 * @throws EngineError `permission-denied`
 */
export async function privateFolder(path: string, uid: number): Promise<string> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  if (uid < 0) return path;
  const found = await lstat(path);
  if (!found.isDirectory() || found.uid !== uid)
    throw new EngineError('permission-denied', `${path} is not a folder of this user.`, {
      hint: 'Remove it, or set BERTH_HOME to a folder of your own.',
    });
  if ((found.mode & 0o077) !== 0) await chmod(path, 0o700);
  return path;
}

import { renameSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isErrno } from '../base/atomic-file.ts';

/**
 * Renames a complete file that is on disk to its final path, and waits until the name is on disk too. Windows has no
 * call for the latter and refuses to open a folder.
 */
export async function putInPlace(part: string, target: string): Promise<void> {
  await rename(part, target);
  const folder = await open(dirname(target), 'r').catch(() => undefined);
  if (!folder) return;
  try {
    await folder.sync();
  } catch (error) {
    if (!isErrno(error, 'EPERM') && !isErrno(error, 'EINVAL')) throw error;
  } finally {
    await folder.close();
  }
}

/** Takes a file out of its place in this very step; false where another removal was faster. */
export function movedAway(path: string, to: string): boolean {
  try {
    renameSync(path, to);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}

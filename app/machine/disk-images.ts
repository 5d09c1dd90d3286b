import { access, open, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isErrno } from '../base/atomic-file.ts';
import { EngineError } from '../base/error.ts';
import { sha256OfFile } from '../base/sha256.ts';

/** Below this much room on the host a guest would soon meet write errors. */
const LEAST_FREE = 256 * 2 ** 20;

/**
 * Makes the sparse raw data disk, or grows it; a smaller size than it has leaves it as it is (its end may be in use).
 * @param bytes rounded up to whole MiB
 * @returns the size it has now
 * @throws EngineError `disk-full` when the host's file system has almost no room left.
 */
export async function ensureDataDisk(path: string, bytes: number): Promise<number> {
  const wanted = Math.ceil(bytes / 2 ** 20) * 2 ** 20;
  await requireRoom(dirname(path));
  const file = await open(path, 'r+').catch(async (error: unknown) => {
    if (!isErrno(error, 'ENOENT')) throw error;
    await rm(usedMark(path), { force: true });
    return open(path, 'wx+', 0o600);
  });
  try {
    const { size } = await file.stat();
    if (size < wanted) await file.truncate(wanted);
    return Math.max(size, wanted);
  } catch (cause) {
    if (!isErrno(cause, 'EFBIG') && !isErrno(cause, 'ENOSPC')) throw cause;
    throw new EngineError('disk-full', `The file system of ${path} takes no file of ${wanted} bytes.`, {
      hint: 'Set a smaller disk size for the machine.',
      cause,
    });
  } finally {
    await file.close();
  }
}

/**
 * Remembers that a guest has its file system on the disk. From then on a disk that looks blank is a damaged one, and
 * not to be formatted: how much of a sparse file is allocated does not tell that on every file system.
 */
export async function markDataDiskUsed(path: string): Promise<void> {
  await writeFile(usedMark(path), '', { mode: 0o600 });
}

export async function isDataDiskUsed(path: string): Promise<boolean> {
  return access(usedMark(path)).then(
    () => true,
    () => false,
  );
}

function usedMark(path: string): string {
  return `${path}.used`;
}

/** The size that the guest sees, in bytes; 0 where there is no disk yet. */
export async function dataDiskBytes(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/**
 * Compares a file with what its manifest says.
 * @throws EngineError `corrupt-content`
 */
export async function verifySha256(path: string, sha256: string): Promise<void> {
  const found = await sha256OfFile(path);
  if (found === sha256) return;
  throw new EngineError('corrupt-content', `${path} has the digest ${found}, not ${sha256}.`, {
    hint: 'Remove it, so that it is made again.',
  });
}

async function requireRoom(folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= LEAST_FREE) return;
  throw new EngineError('disk-full', `${folder} has ${Math.floor(free / 2 ** 20)} MiB left on its file system.`, {
    hint: 'Free some space there; the machine needs it for its disk.',
  });
}

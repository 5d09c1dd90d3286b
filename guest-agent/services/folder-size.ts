/** Disk space under a folder. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const blockBytes = 512;

/** Bytes on the disk, each hard-linked file counted once; what vanishes meanwhile counts nothing. */
export async function folderBytes(folder: string, seen = new Set<number>()): Promise<number> {
  let total = 0;
  const entries = await readdir(folder).catch(() => []);
  for (const name of entries) {
    const path = join(folder, name);
    const stats = await lstat(path).catch(() => undefined);
    if (stats === undefined || seen.has(stats.ino)) continue;
    seen.add(stats.ino);
    total += stats.blocks * blockBytes;
    if (stats.isDirectory()) total += await folderBytes(path, seen);
  }
  return total;
}

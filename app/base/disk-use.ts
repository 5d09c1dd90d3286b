import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes that a file takes on the disk: its blocks of 512 bytes, not its length (stat(2)). */
export function allocated({ blocks }: { readonly blocks: number }): number {
  return blocks * 512;
}

export async function allocatedBytes(path: string): Promise<number> {
  return allocated(await stat(path));
}

/** Of all files below a folder; what vanishes meanwhile, or was never there, takes nothing. */
export async function folderUse(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  let total = 0;
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) total += await folderUse(path);
    else total += await lstat(path).then(allocated, () => 0);
  }
  return total;
}

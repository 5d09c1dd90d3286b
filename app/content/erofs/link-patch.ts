import type { FileHandle } from 'node:fs/promises';
import { NLINK_OFFSET } from './format.ts';
import type { MetadataArea } from './metadata-area.ts';
import type { StoredInode } from './node.ts';

const WINDOW = 1 << 20;

/** Writes the link counts of inodes that more or fewer than one name holds, a window of the image at a time. */
export async function patchLinks(
  file: FileHandle,
  metadata: MetadataArea,
  inodes: Iterable<StoredInode>,
): Promise<void> {
  const patches = [...inodes]
    .map((inode) => ({ position: metadata.position(inode.location) + NLINK_OFFSET, links: inode.links }))
    .sort((a, b) => a.position - b.position);
  const window = Buffer.alloc(WINDOW);
  for (let next = 0; next < patches.length;) {
    const start = patches[next]?.position ?? 0;
    const { bytesRead } = await file.read(window, 0, WINDOW, start);
    let end = 0;
    for (let patch = patches[next]; patch && patch.position + 4 <= start + bytesRead; patch = patches[++next]) {
      end = patch.position + 4 - start;
      window.writeUInt32LE(patch.links, end - 4);
    }
    if (end === 0) throw new Error('the image is shorter than what was written to it');
    await file.write(window, 0, end, start);
  }
}

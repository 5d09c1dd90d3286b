import type { FileHandle } from 'node:fs/promises';
import { NLINK_OFFSET } from './format.ts';
import type { MetadataArea } from './metadata-area.ts';

const WINDOW = 1 << 20;

/**
 * Writes the link counts of inodes that several names stand for, a window of the image at a time.
 * @param shared sorted locations, each as often as there are names
 */
export async function patchLinks(file: FileHandle, metadata: MetadataArea, shared: Uint32Array): Promise<void> {
  const window = Buffer.alloc(WINDOW);
  for (let next = 0; next < shared.length;) {
    const start = metadata.position(shared[next] ?? 0) + NLINK_OFFSET;
    const { bytesRead } = await file.read(window, 0, WINDOW, start);
    if (bytesRead < 4) throw new Error('the image is shorter than what was written to it');
    let end = 4;
    while (next < shared.length) {
      const location = shared[next] ?? 0;
      const at = metadata.position(location) + NLINK_OFFSET - start;
      if (at + 4 > bytesRead) break;
      const first = next;
      while (shared[next] === location) next++;
      window.writeUInt32LE(next - first, at);
      end = at + 4;
    }
    await file.write(window, 0, end, start);
  }
}

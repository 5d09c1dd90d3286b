/**
 * Directory data: blocks that each hold their entries, then their names. Entries are sorted by the names' bytes across
 * the whole directory (`.` and `..` among them), because the kernel looks names up by bisection.
 */
import { BLOCK_SIZE, DIRENT_SIZE } from './format.ts';
import type { NameTable } from './name-table.ts';

/** Of the names that begin at `from`, those that one block holds: where they end, and the bytes that they take. */
export function fillBlock(names: NameTable, ids: ArrayLike<number>, from: number): { end: number; bytes: number } {
  let bytes = 0;
  let end = from;
  for (; end < ids.length; end++) {
    const size = DIRENT_SIZE + names.length(ids[end] ?? 0);
    if (bytes + size > BLOCK_SIZE) break;
    bytes += size;
  }
  return { end, bytes };
}

/** Bytes of a whole directory. */
export function directorySize(names: NameTable, ids: ArrayLike<number>): number {
  for (let from = 0, blocks = 0; ; blocks++) {
    const { end, bytes } = fillBlock(names, ids, from);
    if (end === ids.length) return blocks * BLOCK_SIZE + bytes;
    from = end;
  }
}

/** Writes one block's entries at the start of `target` (zeroed by the caller). */
export function encodeDirentBlock(
  target: Buffer,
  names: NameTable,
  ids: ArrayLike<number>,
  identify: (id: number) => { nid: number; type: number },
): void {
  let nameOffset = ids.length * DIRENT_SIZE;
  for (let index = 0; index < ids.length; index++) {
    const id = ids[index] ?? 0;
    const { nid, type } = identify(id);
    const offset = index * DIRENT_SIZE;
    target.writeUInt32LE(nid % 2 ** 32, offset);
    target.writeUInt32LE(Math.floor(nid / 2 ** 32), offset + 4);
    target.writeUInt16LE(nameOffset, offset + 8);
    target.writeUInt8(type, offset + 10);
    target.writeUInt8(0, offset + 11);
    nameOffset += names.copy(id, target, nameOffset);
  }
}

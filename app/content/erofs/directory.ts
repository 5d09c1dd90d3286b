/**
 * Directory data: blocks that each hold their entries, then their names. Entries are sorted by the names' bytes across
 * the whole directory (`.` and `..` among them), because the kernel looks names up by bisection.
 */
import { BLOCK_SIZE, DIRENT_SIZE } from './format.ts';

export interface Dirent {
  /** Bytes as latin1. */
  name: string;
  nid: number;
  type: number;
}

/** Splits sorted names into runs of one block each: the index after each run's last name, and the bytes of the last. */
export function splitIntoBlocks(names: readonly string[]): { ends: number[]; lastSize: number } {
  const ends: number[] = [];
  let used = 0;
  names.forEach((name, index) => {
    const size = DIRENT_SIZE + name.length;
    if (used + size > BLOCK_SIZE) {
      ends.push(index);
      used = 0;
    }
    used += size;
  });
  ends.push(names.length);
  return { ends, lastSize: used };
}

/** Writes one block's entries at the start of `target` (zeroed by the caller); returns the bytes used. */
export function encodeDirentBlock(target: Buffer, entries: readonly Dirent[]): number {
  let nameOffset = entries.length * DIRENT_SIZE;
  entries.forEach((entry, index) => {
    const offset = index * DIRENT_SIZE;
    target.writeBigUInt64LE(BigInt(entry.nid), offset);
    target.writeUInt16LE(nameOffset, offset + 8);
    target.writeUInt8(entry.type, offset + 10);
    target.writeUInt8(0, offset + 11);
    nameOffset += target.write(entry.name, nameOffset, 'latin1');
  });
  return nameOffset;
}

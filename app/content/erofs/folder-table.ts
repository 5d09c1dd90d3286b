import { Column } from './column.ts';
import type { Attributes } from './node.ts';
import { decodeXattrs, encodeXattrs } from './xattr.ts';

/** The number of the image's root. */
export const ROOT = 0;

/** Bytes of all different sets of extended attributes, each with a surcharge: they are in memory until the end. */
const XATTRS_MAX = 8 * 2 ** 20;
const XATTRS_COST = 128;
const none = Buffer.alloc(0);

/** What is known of an image's folders until the end, when all their names are: columns, as those of a NameTable. */
export class FolderTable {
  readonly #names: Column;
  readonly #modes: Column;
  readonly #uids: Column;
  readonly #gids: Column;
  readonly #seconds: Column;
  readonly #nanoseconds: Column;
  readonly #marks: Column;
  readonly #xattrs: Column;
  /** The different sets of extended attributes, encoded; as latin1, because strings take less memory than buffers. */
  readonly #sets = [''];
  readonly #setNumbers = new Map([['', 0]]);
  #setBytes = 0;

  /** @param most folders, at most, the root not counted */
  constructor(most: number) {
    const folders = most + 1;
    this.#names = new Column('u32', folders);
    this.#modes = new Column('u32', folders);
    this.#uids = new Column('u32', folders);
    this.#gids = new Column('u32', folders);
    this.#seconds = new Column('f64', folders);
    this.#nanoseconds = new Column('u32', folders);
    this.#marks = new Column('u8', folders);
    this.#xattrs = new Column('u32', folders);
  }

  /** Numbers go from 0, the root, to below this; a folder's is always over that of the one that it is in. */
  get count(): number {
    return this.#names.length;
  }

  /** The number of the name that the folder was made for. */
  name(folder: number): number {
    return this.#names.get(folder);
  }

  /** Returns the new folder's number. @throws RangeError if its extended attributes don't fit. */
  add(name: number, attributes: Attributes): number {
    const folder = this.count;
    this.#names.push(name);
    for (const column of [this.#modes, this.#uids, this.#gids, this.#seconds, this.#nanoseconds]) column.push(0);
    this.#marks.push(0);
    this.#xattrs.push(0);
    this.describe(folder, attributes);
    return folder;
  }

  /** @throws RangeError if the extended attributes don't fit */
  describe(folder: number, { mode, uid, gid, mtime, xattrs }: Attributes): void {
    this.#modes.set(folder, mode);
    this.#uids.set(folder, uid);
    this.#gids.set(folder, gid);
    this.#seconds.set(folder, mtime.seconds);
    this.#nanoseconds.set(folder, mtime.nanoseconds);
    this.#xattrs.set(folder, xattrs.size === 0 ? 0 : this.#setNumber(encodeXattrs(xattrs)));
  }

  attributes(folder: number): Omit<Attributes, 'xattrs'> {
    return {
      mode: this.#modes.get(folder),
      uid: this.#uids.get(folder),
      gid: this.#gids.get(folder),
      mtime: { seconds: this.#seconds.get(folder), nanoseconds: this.#nanoseconds.get(folder) },
    };
  }

  /** Encoded. */
  xattrs(folder: number): Buffer {
    const set = this.#sets[this.#xattrs.get(folder)] ?? '';
    return set === '' ? none : Buffer.from(set, 'latin1');
  }

  /** @throws RangeError if there is no room for one more */
  addXattr(folder: number, key: string, value: Buffer): void {
    const xattrs = decodeXattrs(this.xattrs(folder)).set(key, value);
    this.#xattrs.set(folder, this.#setNumber(encodeXattrs(xattrs)));
  }

  /** Sets bits of the folder's, which last however it is described: what they mean is up to the caller. */
  mark(folder: number, bits: number): void {
    this.#marks.set(folder, this.#marks.get(folder) | bits);
  }

  isMarked(folder: number, bits: number): boolean {
    return (this.#marks.get(folder) & bits) !== 0;
  }

  free(): void {
    for (const column of [this.#names, this.#modes, this.#uids, this.#gids, this.#seconds, this.#nanoseconds])
      column.free();
    this.#marks.free();
    this.#xattrs.free();
  }

  #setNumber(area: Buffer): number {
    const set = area.toString('latin1');
    const known = this.#setNumbers.get(set);
    if (known !== undefined) return known;
    this.#setBytes += set.length + XATTRS_COST;
    if (this.#setBytes > XATTRS_MAX)
      throw new RangeError(`extended attributes of the folders take over ${XATTRS_MAX} bytes`);
    this.#setNumbers.set(set, this.#sets.length);
    return this.#sets.push(set) - 1;
  }
}

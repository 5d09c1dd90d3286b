import { Column } from './column.ts';
import { NAME_MAX } from './format.ts';

/** Every folder lists these two; they are names of none, so that all folders can share them. */
export const DOT = 0;
export const DOT_DOT = 1;
const NO_FOLDER = 0xffff_ffff;

/** Of a name's state: below them is the directory entry's type, or 0 for a name that stands for nothing. */
const TYPE = 0x0f;
const SHARED = 0x10;
const HIDES = 0x20;

const INDEX_MIN = 1024;
/** Places in the index for each name, at least. */
const LOAD = 1.5;

/**
 * The names of an image, each known by a number, in some 20 bytes and its own: columns rather than objects, with a hash
 * index by folder and name. Names are bytes; as strings, latin1.
 */
export class NameTable {
  readonly #folders: Column;
  readonly #starts: Column;
  readonly #values: Column;
  readonly #states: Column;
  /** For each name its length, then its bytes. */
  readonly #bytes: Column;
  /** Open addressing; a name's number + 1, or 0. */
  readonly #index: Column;
  /** Nobody can choose names that all fall together. */
  readonly #seed = Math.floor(Math.random() * 2 ** 32);

  /** @param most names, at most; @param mostBytes of all of them together */
  constructor(most: number, mostBytes: number) {
    const names = most + 2;
    this.#folders = new Column('u32', names);
    this.#starts = new Column('u32', names);
    this.#values = new Column('u32', names);
    this.#states = new Column('u8', names);
    this.#bytes = new Column('u8', mostBytes + names + '...'.length);
    this.#index = new Column('u32', indexSize(names));
    this.#index.reset(INDEX_MIN);
    this.#append(NO_FOLDER, '.');
    this.#append(NO_FOLDER, '..');
  }

  /** Numbers go from 0 to below this. */
  get count(): number {
    return this.#folders.length;
  }

  folder(id: number): number {
    return this.#folders.get(id);
  }

  /** The directory entry's type; 0 for a name that stands for nothing. */
  type(id: number): number {
    return this.#states.get(id) & TYPE;
  }

  /** A folder's number, or an inode's location. */
  value(id: number): number {
    return this.#values.get(id);
  }

  /** True if the inode has, or had, other names. */
  isShared(id: number): boolean {
    return (this.#states.get(id) & SHARED) !== 0;
  }

  /** True if the name is to be hidden in what is below. */
  hides(id: number): boolean {
    return (this.#states.get(id) & HIDES) !== 0;
  }

  /** Lets a name stand for something else; whether it hides stays. */
  assign(id: number, to: { type: number; value: number; shared?: boolean }): void {
    const state = (this.#states.get(id) & HIDES) | to.type | (to.shared === true ? SHARED : 0);
    this.#states.set(id, state);
    this.#values.set(id, to.value);
  }

  hide(id: number): void {
    this.#states.set(id, this.#states.get(id) | HIDES);
  }

  share(id: number): void {
    this.#states.set(id, this.#states.get(id) | SHARED);
  }

  find(folder: number, name: string): number | undefined {
    const id = this.#index.get(this.#slot(folder, name)) - 1;
    return id < 0 ? undefined : id;
  }

  /** The name's number; a new one stands for nothing yet. */
  ensure(folder: number, name: string): number {
    const slot = this.#slot(folder, name);
    const found = this.#index.get(slot) - 1;
    if (found >= 0) return found;
    const id = this.#append(folder, name);
    this.#index.set(slot, id + 1);
    if (this.count * LOAD > this.#index.length) this.#reindex();
    return id;
  }

  length(id: number): number {
    return this.#bytes.get(this.#starts.get(id));
  }

  /** Order of the bytes, as the kernel looks names up. */
  compare(a: number, b: number): number {
    const bytes = this.#bytes.view;
    const [atA, atB] = [this.#starts.get(a), this.#starts.get(b)];
    const [lengthA = 0, lengthB = 0] = [bytes[atA], bytes[atB]];
    const both = Math.min(lengthA, lengthB);
    for (let offset = 1; offset <= both; offset++) {
      const difference = (bytes[atA + offset] ?? 0) - (bytes[atB + offset] ?? 0);
      if (difference !== 0) return difference;
    }
    return lengthA - lengthB;
  }

  /** Returns the bytes copied. */
  copy(id: number, target: Buffer, at: number): number {
    const bytes = this.#bytes.view;
    const start = this.#starts.get(id) + 1;
    const length = this.length(id);
    for (let offset = 0; offset < length; offset++) target[at + offset] = bytes[start + offset] ?? 0;
    return length;
  }

  /** No name is looked up or added any more. */
  close(): void {
    this.#index.free();
  }

  free(): void {
    for (const column of [this.#folders, this.#starts, this.#values, this.#states, this.#bytes, this.#index])
      column.free();
  }

  #append(folder: number, name: string): number {
    if (name.length > NAME_MAX) throw new RangeError(`a name has ${name.length} bytes, over ${NAME_MAX}`);
    this.#folders.push(folder);
    this.#starts.push(this.#bytes.length);
    this.#values.push(0);
    this.#states.push(0);
    const start = this.#bytes.length;
    this.#bytes.extend(1 + name.length);
    const bytes = this.#bytes.view;
    bytes[start] = name.length;
    for (let offset = 0; offset < name.length; offset++) bytes[start + 1 + offset] = name.charCodeAt(offset);
    return this.count - 1;
  }

  /** Where the name is in the index, or the free place where it would be. */
  #slot(folder: number, name: string): number {
    const index = this.#index.view;
    const mask = index.length - 1;
    let hash = this.#seed ^ folder;
    for (let offset = 0; offset < name.length; offset++) hash = mixed(hash, name.charCodeAt(offset));
    for (let slot = finished(hash) & mask; ; slot = (slot + 1) & mask) {
      const id = (index[slot] ?? 0) - 1;
      if (id < 0 || (this.#folders.get(id) === folder && this.#isCalled(id, name))) return slot;
    }
  }

  #isCalled(id: number, name: string): boolean {
    const bytes = this.#bytes.view;
    const start = this.#starts.get(id);
    if (bytes[start] !== name.length) return false;
    for (let offset = 0; offset < name.length; offset++)
      if (bytes[start + 1 + offset] !== name.charCodeAt(offset)) return false;
    return true;
  }

  #reindex(): void {
    this.#index.reset(this.#index.length * 2);
    const mask = this.#index.length - 1;
    for (let id = DOT_DOT + 1; id < this.count; id++) {
      const start = this.#starts.get(id) + 1;
      const end = start + this.length(id);
      let hash = this.#seed ^ this.#folders.get(id);
      for (let at = start; at < end; at++) hash = mixed(hash, this.#bytes.get(at));
      let slot = finished(hash) & mask;
      while (this.#index.get(slot) !== 0) slot = (slot + 1) & mask;
      this.#index.set(slot, id + 1);
    }
  }
}

/** A power of two. */
const indexSize = (names: number): number => Math.max(INDEX_MIN, 2 ** Math.ceil(Math.log2(names * LOAD)));

/** FNV-1a, whose low bits alone would not do: the last step is MurmurHash3's. */
const mixed = (hash: number, byte: number): number => Math.imul(hash ^ byte, 0x0100_0193);
function finished(hash: number): number {
  const folded = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  return folded ^ (folded >>> 13);
}

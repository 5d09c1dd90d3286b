import { Column } from './column.ts';
import { directorySize } from './directory.ts';
import type { FolderTable } from './folder-table.ts';
import { ROOT } from './folder-table.ts';
import { BLOCK_SIZE, direntType, FileMode, INODE_SIZE, NID_UNIT, ROOT_NID } from './format.ts';
import { mergeSort } from './merge-sort.ts';
import type { NameTable } from './name-table.ts';
import { DOT, DOT_DOT } from './name-table.ts';

export const DIRECTORY_TYPE = direntType(FileMode.directory);

/** Names and folders stay in memory until the end, when all of them are known. */
export interface ImageTree {
  readonly names: NameTable;
  readonly folders: FolderTable;
}

/** Which folders the image has, in which order, what is in each, and where each comes to be. */
export class DirectoryLayout {
  readonly #tree: ImageTree;
  /** Names by folder, those of each sorted once it is known to be in the image; and where each folder's begin. */
  readonly #members: Column;
  readonly #starts: Column;
  readonly #order: Column;
  readonly #sizes: Column;
  readonly #subfolders: Column;
  readonly #addresses: Column;
  /** Counted from the first inode. */
  readonly #nids: Column;
  #firstNid = 0;
  #count = 1;

  constructor(tree: ImageTree) {
    const { names, folders } = tree;
    this.#tree = tree;
    this.#members = zeros(names.count + 2 * folders.count);
    this.#starts = zeros(folders.count + 1);
    this.#order = zeros(folders.count);
    this.#sizes = zeros(folders.count);
    this.#subfolders = zeros(folders.count);
    this.#addresses = zeros(folders.count);
    this.#nids = zeros(folders.count);
    this.#gather();
    // Grows while it is walked: breadth first, so that a directory's subdirectories lie together.
    const helper = zeros(this.#largest());
    for (let index = 0; index < this.#count; index++) this.#walk(this.folder(index), helper.view);
    helper.free();
  }

  /** Folders in the image. */
  get count(): number {
    return this.#count;
  }

  /** The folder that is at this place in their order. */
  folder(index: number): number {
    return this.#order.get(index);
  }

  /** A folder's names, sorted, with `.` and `..`. */
  members(folder: number): Column['view'] {
    return this.#members.view.subarray(this.#starts.get(folder), this.#starts.get(folder + 1));
  }

  /** Bytes of a folder's data. */
  size(folder: number): number {
    return this.#sizes.get(folder);
  }

  subfolders(folder: number): number {
    return this.#subfolders.get(folder);
  }

  /** Of the block where a folder's whole blocks begin. */
  address(folder: number): number {
    return this.#addresses.get(folder);
  }

  nid(folder: number): number {
    return folder === ROOT ? ROOT_NID : this.#firstNid + this.#nids.get(folder);
  }

  parent(folder: number): number {
    return folder === ROOT ? ROOT : this.#tree.names.folder(this.#tree.folders.name(folder));
  }

  /** Bytes of a folder's data that lie behind its inode, where what is left of them by whole blocks has room there. */
  inlineSize(folder: number, xattrs: Buffer): number {
    const rest = this.size(folder) % BLOCK_SIZE;
    const room = folder === ROOT ? BLOCK_SIZE - ROOT_NID * NID_UNIT : BLOCK_SIZE;
    if (folder === ROOT && INODE_SIZE + xattrs.length > room)
      throw new RangeError(`the root directory's extended attributes take over ${room - INODE_SIZE} bytes`);
    return INODE_SIZE + xattrs.length + rest <= room ? rest : 0;
  }

  /** Gives places: first to all whole blocks, then to the inodes. */
  place(firstBlock: number): void {
    let block = firstBlock;
    for (let index = 0; index < this.#count; index++) {
      const folder = this.folder(index);
      const inline = this.inlineSize(folder, this.#tree.folders.xattrs(folder));
      this.#addresses.set(folder, block);
      block += Math.ceil((this.size(folder) - inline) / BLOCK_SIZE);
    }
    this.#firstNid = (block * BLOCK_SIZE) / NID_UNIT;
    let position = 0;
    for (let index = 1; index < this.#count; index++) {
      const folder = this.folder(index);
      const xattrs = this.#tree.folders.xattrs(folder);
      const size = INODE_SIZE + xattrs.length + this.inlineSize(folder, xattrs);
      position = Math.ceil(position / NID_UNIT) * NID_UNIT;
      if (size > BLOCK_SIZE - (position % BLOCK_SIZE)) position = Math.ceil(position / BLOCK_SIZE) * BLOCK_SIZE;
      this.#nids.set(folder, position / NID_UNIT);
      position += size;
    }
  }

  free(): void {
    for (const column of [this.#members, this.#starts, this.#order, this.#sizes, this.#subfolders]) column.free();
    this.#addresses.free();
    this.#nids.free();
  }

  /** Counts each folder's names, adds up where they end, and fills from there backwards. */
  #gather(): void {
    const { names, folders } = this.#tree;
    const [starts, members] = [this.#starts, this.#members];
    for (let folder = 0; folder < folders.count; folder++) starts.set(folder, 2);
    for (let id = DOT_DOT + 1; id < names.count; id++)
      if (names.type(id) !== 0) starts.set(names.folder(id), starts.get(names.folder(id)) + 1);
    for (let folder = 1; folder <= folders.count; folder++)
      starts.set(folder, starts.get(folder) + starts.get(folder - 1));
    const put = (folder: number, id: number): void => {
      starts.set(folder, starts.get(folder) - 1);
      members.set(starts.get(folder), id);
    };
    for (let id = DOT_DOT + 1; id < names.count; id++) if (names.type(id) !== 0) put(names.folder(id), id);
    for (let folder = 0; folder < folders.count; folder++) for (const id of [DOT_DOT, DOT]) put(folder, id);
  }

  #largest(): number {
    let most = 0;
    for (let folder = 0; folder < this.#tree.folders.count; folder++)
      most = Math.max(most, this.#starts.get(folder + 1) - this.#starts.get(folder));
    return most;
  }

  #walk(folder: number, helper: Column['view']): void {
    const { names } = this.#tree;
    const members = this.members(folder);
    mergeSort(members, helper, (a, b) => names.compare(a, b));
    this.#sizes.set(folder, directorySize(names, members));
    let subfolders = 0;
    for (const id of members) {
      if (names.type(id) !== DIRECTORY_TYPE) continue;
      this.#order.set(this.#count++, names.value(id));
      subfolders++;
    }
    this.#subfolders.set(folder, subfolders);
  }
}

function zeros(length: number): Column {
  const column = new Column('u32', length);
  column.reset(length);
  return column;
}

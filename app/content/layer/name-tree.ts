import type { ImageTree } from '../erofs/directory-layout.ts';
import { DIRECTORY_TYPE } from '../erofs/directory-layout.ts';
import { FolderTable, ROOT } from '../erofs/folder-table.ts';
import { FileMode } from '../erofs/format.ts';
import { NameTable } from '../erofs/name-table.ts';
import type { Attributes, StoredInode } from '../erofs/node.ts';
import { TarFormatError } from '../tar/entry.ts';

/** What Docker gives to a directory that a layer uses but does not describe. */
const undescribed: Attributes = {
  mode: FileMode.directory | 0o755,
  uid: 0,
  gid: 0,
  mtime: { seconds: 0, nanoseconds: 0 },
  xattrs: new Map(),
};

/** In names: measured, with what the image's end needs for it. */
const DIRECTORY_COST = 2;
/** Bytes of all names, for each name that may be added. */
const NAME_BYTES = 48;

/**
 * The names of a layer, in memory. Names are added as tar does it: the last one wins, and no link is followed. Folders
 * are known by numbers, and so are names.
 */
export class NameTree implements ImageTree {
  readonly names: NameTable;
  readonly folders: FolderTable;
  readonly #limit: number;
  #count = 0;
  #bytes = 0;
  /** What was asked for last, as a rule the next entry's, too. */
  #recent: { components: readonly string[]; folder: number } = { components: [], folder: ROOT };

  /** @param limit most names that may be added; a folder counts for two. */
  constructor(limit: number) {
    this.#limit = limit;
    this.names = new NameTable(limit, limit * NAME_BYTES);
    this.folders = new FolderTable(Math.ceil(limit / DIRECTORY_COST));
    this.folders.add(0, undescribed);
  }

  /** Names so far, as they count. */
  get size(): number {
    return this.#count;
  }

  /** The directory of these components, made where it is missing. */
  directory(components: readonly string[]): number {
    if (isSame(components, this.#recent.components)) return this.#recent.folder;
    let folder = ROOT;
    for (const [depth, name] of components.entries()) {
      const id = this.#find(folder, name);
      if (id === undefined) folder = this.#putFolder(folder, name, undescribed);
      else if (this.names.type(id) === DIRECTORY_TYPE) folder = this.names.value(id);
      else throw new TarFormatError(`/${components.slice(0, depth + 1).join('/')} is above it and is not a directory`);
    }
    this.#recent = { components, folder };
    return folder;
  }

  /** The name's number; the root has none. */
  find(components: readonly string[]): number | undefined {
    let id: number | undefined;
    let folder: number | undefined = ROOT;
    for (const name of components) {
      id = folder === undefined ? undefined : this.#find(folder, name);
      if (id === undefined) return undefined;
      folder = this.names.type(id) === DIRECTORY_TYPE ? this.names.value(id) : undefined;
    }
    return id;
  }

  put(parent: number, name: string, inode: StoredInode): void {
    this.#take(name, 1);
    this.#assign(this.names.ensure(parent, name), { type: inode.type, value: inode.location });
  }

  /** A directory that is there is only described anew. */
  putFolder(parent: number, name: string, attributes: Attributes): void {
    const id = this.#find(parent, name);
    if (id !== undefined && this.names.type(id) === DIRECTORY_TYPE)
      this.folders.describe(this.names.value(id), attributes);
    else this.#putFolder(parent, name, attributes);
  }

  /** One more name for what is no directory. */
  link(parent: number, name: string, target: number): void {
    const [type, value] = [this.names.type(target), this.names.value(target)];
    const before = this.#find(parent, name);
    if (before !== undefined && this.names.type(before) === type && this.names.value(before) === value) return;
    this.names.share(target);
    this.#take(name, 1);
    this.#assign(this.names.ensure(parent, name), { type, value, shared: true });
  }

  /** Notes a name that lower layers may have and that is to be hidden. */
  hide(parent: number, name: string): void {
    const known = this.names.find(parent, name);
    if (known !== undefined && this.names.hides(known)) return;
    this.#take(name, 1);
    this.names.hide(this.names.ensure(parent, name));
  }

  /** All names that were {@link hide}-n, in folders that are still there. */
  *hidden(): Generator<number> {
    const present = this.#presentFolders();
    for (let id = 0; id < this.names.count; id++)
      if (this.names.hides(id) && present[this.names.folder(id)] === 1) yield id;
  }

  free(): void {
    this.names.free();
    this.folders.free();
  }

  /** A folder is there if its name still stands for it, and so for all above it, which have lower numbers. */
  #presentFolders(): Uint8Array {
    const present = new Uint8Array(this.folders.count);
    present[ROOT] = 1;
    for (let folder = ROOT + 1; folder < present.length; folder++) {
      const name = this.folders.name(folder);
      const named = this.names.type(name) === DIRECTORY_TYPE && this.names.value(name) === folder;
      present[folder] = named ? (present[this.names.folder(name)] ?? 0) : 0;
    }
    return present;
  }

  /** A name that stands for something. */
  #find(folder: number, name: string): number | undefined {
    const id = this.names.find(folder, name);
    return id === undefined || this.names.type(id) === 0 ? undefined : id;
  }

  #putFolder(parent: number, name: string, attributes: Attributes): number {
    this.#take(name, DIRECTORY_COST);
    const id = this.names.ensure(parent, name);
    const folder = this.folders.add(id, attributes);
    this.names.assign(id, { type: DIRECTORY_TYPE, value: folder });
    return folder;
  }

  /** Of what is no directory, which may take the place of one. */
  #assign(id: number, to: { type: number; value: number; shared?: boolean }): void {
    if (this.names.type(id) === DIRECTORY_TYPE) this.#recent = { components: [], folder: ROOT };
    this.names.assign(id, to);
  }

  #take(name: string, cost: number): void {
    this.#count += cost;
    this.#bytes += name.length;
    if (this.#count > this.#limit) throw new TarFormatError(`the layer has over ${this.#limit} names`);
    const most = this.#limit * NAME_BYTES;
    if (this.#bytes > most) throw new TarFormatError(`the layer's names take over ${most} bytes`);
  }
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((component, depth) => component === others[depth]);
}

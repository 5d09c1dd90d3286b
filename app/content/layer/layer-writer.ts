/** Turns the entries of a layer's archive into an EROFS image that overlayfs can stack. */
import type { ErofsImageWriter } from '../erofs/image-writer.ts';
import { encodeDevice, FileMode } from '../erofs/format.ts';
import { DIRECTORY_TYPE } from '../erofs/directory-layout.ts';
import { ROOT } from '../erofs/folder-table.ts';
import type { Attributes, StoredInode } from '../erofs/node.ts';
import { isStorableXattr } from '../erofs/xattr.ts';
import type { TarEntry, TarEntryType } from '../tar/entry.ts';
import { TarFormatError } from '../tar/entry.ts';
import type { TarHandler } from '../tar/reader.ts';
import { NameTree } from './name-tree.ts';
import { layerPath } from './path.ts';
import { markerOf, NO_ORIGIN, OPAQUE_VALUE, OPAQUE_XATTR, ORIGIN_XATTR } from './whiteout.ts';

const FILE_SIZE_MAX = 2 ** 44;
const SYMLINK_MAX = 4095;

/** Marks of folders. */
const OPAQUE = 1;
const HAS_WHITEOUTS = 2;

const typeBits: Readonly<Record<TarEntryType, number>> = {
  file: FileMode.regular,
  hardlink: FileMode.regular,
  directory: FileMode.directory,
  symlink: FileMode.symlink,
  'character-device': FileMode.characterDevice,
  'block-device': FileMode.blockDevice,
  fifo: FileMode.fifo,
};

export interface LayerLimits {
  /** Most names, implied directories and replaced entries included; a folder counts for two. Of 48 bytes on average. */
  entries: number;
  /** Most bytes of the unpacked archive, and of the image. */
  bytes: number;
  /** From as many names on a layer is built while no other large one is, for the memory that they take. */
  large?: number;
}

export class LayerWriter implements TarHandler {
  readonly #image: ErofsImageWriter;
  readonly #limits: LayerLimits;
  readonly #imageMax: () => number;
  readonly #tree: NameTree;
  /** Where the file that is being written goes. */
  #target: { parent: number; name: string } | undefined;

  /** @param imageMax most bytes that the image may have by now */
  constructor(image: ErofsImageWriter, limits: LayerLimits, imageMax: () => number = () => limits.bytes) {
    this.#image = image;
    this.#limits = limits;
    this.#imageMax = imageMax;
    this.#tree = new NameTree(limits.entries);
  }

  /** Names so far. */
  get names(): number {
    return this.#tree.size;
  }

  entry(entry: TarEntry): void {
    this.#target = undefined;
    try {
      this.#apply(entry);
    } catch (error) {
      throw error instanceof RangeError ? new TarFormatError(error.message, entry.path) : error;
    }
  }

  data(piece: Buffer): void {
    if (!this.#target) return;
    this.#image.fileData(piece);
    this.#checkSize();
  }

  end(): void {
    if (this.#target) this.#tree.put(this.#target.parent, this.#target.name, this.#image.endFile());
    this.#target = undefined;
    this.#checkSize();
  }

  /** Holes between the parts of a sparse file take room in the image, and so do maps of holes. */
  #checkSize(): void {
    const { size } = this.#image;
    if (size > this.#limits.bytes) throw new TarFormatError(`the layer takes over ${this.#limits.bytes} bytes`);
    if (size > this.#imageMax()) throw new TarFormatError(`the layer's image takes too many times the layer's size`);
  }

  /** The archive is complete. `opaqueRoot` says that the layer hides all layers below it. */
  async finish(): Promise<{ size: number; inodes: number; opaqueRoot: boolean }> {
    this.#addWhiteouts();
    const { names, folders } = this.#tree;
    names.close();
    for (let folder = ROOT; folder < folders.count; folder++) {
      if (folders.isMarked(folder, OPAQUE)) folders.addXattr(folder, OPAQUE_XATTR, OPAQUE_VALUE);
      if (folders.isMarked(folder, HAS_WHITEOUTS)) folders.addXattr(folder, ORIGIN_XATTR, NO_ORIGIN);
    }
    const image = await this.#image.finish(this.#tree);
    return { ...image, opaqueRoot: folders.isMarked(ROOT, OPAQUE) };
  }

  /** Gives the memory of the names back. */
  [Symbol.dispose](): void {
    this.#tree.free();
  }

  #apply(entry: TarEntry): void {
    const components = layerPath(entry.path);
    const name = components.pop();
    if (name === undefined) {
      if (entry.type !== 'directory') throw new TarFormatError(`the layer's root is a ${entry.type}`, entry.path);
      this.#tree.folders.describe(ROOT, attributesOf(entry));
      return;
    }
    const marker = markerOf([...components, name]);
    if (marker.kind === 'invalid') throw new TarFormatError('a whiteout marks nothing', entry.path);
    if (marker.kind === 'ignored') return;
    const parent = this.#tree.directory(components);
    if (marker.kind === 'opaque') this.#tree.folders.mark(parent, OPAQUE);
    else if (marker.kind === 'whiteout') this.#tree.hide(parent, marker.name);
    else this.#add(parent, name, entry);
  }

  #add(parent: number, name: string, entry: TarEntry): void {
    switch (entry.type) {
      case 'file':
        this.#beginFile(parent, name, entry);
        break;
      case 'directory':
        this.#tree.putFolder(parent, name, attributesOf(entry));
        break;
      case 'hardlink':
        this.#addLink(parent, name, entry);
        break;
      case 'symlink':
        checkSymlink(entry);
        this.#tree.put(parent, name, this.#image.addSymlink(attributesOf(entry), entry.linkTarget));
        break;
      default:
        this.#tree.put(parent, name, this.#image.addSpecial(attributesOf(entry), deviceOf(entry)));
    }
  }

  #beginFile(parent: number, name: string, entry: TarEntry): void {
    if (entry.size > FILE_SIZE_MAX) throw new TarFormatError(`the file has ${entry.size} bytes`, entry.path);
    this.#image.beginFile({ attributes: attributesOf(entry), size: entry.size, extents: entry.extents });
    this.#target = { parent, name };
  }

  #addLink(parent: number, name: string, entry: TarEntry): void {
    const path = layerPath(entry.linkTarget, entry.path);
    const target = this.#tree.find(path);
    const present = target !== undefined || path.length === 0;
    if (target === undefined || this.#tree.names.type(target) === DIRECTORY_TYPE)
      throw new TarFormatError(
        `it is a hard link to ${entry.linkTarget}, which is ${present ? 'a directory' : 'not in the layer'}`,
        entry.path,
      );
    this.#tree.link(parent, name, target);
  }

  /** A marker only concerns lower layers: where this layer has the same name, that name stays. */
  #addWhiteouts(): void {
    const { names, folders } = this.#tree;
    let whiteout: StoredInode | undefined;
    for (const id of this.#tree.hidden()) {
      const type = names.type(id);
      if (type === DIRECTORY_TYPE) folders.mark(names.value(id), OPAQUE);
      if (type !== 0) continue;
      whiteout ??= this.#image.addSpecial(whiteoutAttributes);
      names.assign(id, { type: whiteout.type, value: whiteout.location, shared: true });
      folders.mark(names.folder(id), HAS_WHITEOUTS);
    }
  }
}

const whiteoutAttributes: Attributes = {
  mode: FileMode.characterDevice,
  uid: 0,
  gid: 0,
  mtime: { seconds: 0, nanoseconds: 0 },
  xattrs: new Map(),
};

function attributesOf(entry: TarEntry): Attributes {
  const { uid, gid, mtime, type } = entry;
  return {
    mode: typeBits[type] | (type === 'symlink' ? 0o777 : entry.mode),
    uid,
    gid,
    mtime,
    xattrs: kept(entry.xattrs),
  };
}

/**
 * Without attributes that the file system has no place for, and without overlayfs's own: they mean something only in
 * the mount that made them, and would let a layer redirect names into others.
 */
function kept(xattrs: ReadonlyMap<string, Buffer>): ReadonlyMap<string, Buffer> {
  if (xattrs.size === 0) return xattrs;
  return new Map([...xattrs].filter(([key]) => isStorableXattr(key) && !key.startsWith('trusted.overlay.')));
}

function checkSymlink({ linkTarget, path }: TarEntry): void {
  if (linkTarget === '' || linkTarget.length > SYMLINK_MAX)
    throw new TarFormatError(`it is a symbolic link with a target of ${linkTarget.length} bytes`, path);
}

function deviceOf({ type, deviceMajor, deviceMinor, path }: TarEntry): number {
  if (type === 'fifo') return 0;
  if (deviceMajor < 0 || deviceMajor > 0xfff || deviceMinor < 0 || deviceMinor > 0xf_ffff)
    throw new TarFormatError(`it is a device with the impossible number ${deviceMajor}:${deviceMinor}`, path);
  return encodeDevice(deviceMajor, deviceMinor);
}

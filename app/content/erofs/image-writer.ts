/**
 * Writes an EROFS image in one pass: a file's data and inode go out as they arrive, directories at the end. Memory
 * holds the tree of names, never data. The same calls give the same bytes: no clock, no randomness.
 *
 *     block 0: superblock, root inode | file data, clusters of inodes, … | directories
 */
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { BlockWriter } from './block-writer.ts';
import type { ImageTree } from './directory-layout.ts';
import { writeDirectories } from './directory-writer.ts';
import type { Extent, FileData, PlacedData } from './file-data.ts';
import { FlatData, SparseData, sparseMapSize } from './file-data.ts';
import { BLOCK_SIZE, BLOCKS_MAX, DataLayout, direntType, encodeInode, encodeSuperblock, INODE_SIZE } from './format.ts';
import { patchLinks } from './link-patch.ts';
import { MetadataArea } from './metadata-area.ts';
import type { Attributes, StoredInode } from './node.ts';
import { encodeXattrs } from './xattr.ts';

/**
 * A tail of at most this many bytes lies behind its inode; a longer one takes a block of its own. Half a block saves
 * three quarters of the padding while the inodes stay close enough together for a walk over the tree.
 */
const INLINE_TAIL_MAX = BLOCK_SIZE / 2;

export interface ImageOptions {
  /** 16 bytes; zero unless given. */
  uuid?: Buffer;
}

export interface FileOptions {
  attributes: Attributes;
  /** Bytes, holes included. */
  size: number;
  /** Present for a sparse file; the data then holds the extents' bytes only. */
  extents?: readonly Extent[];
}

interface OpenFile {
  options: FileOptions;
  xattrs: Buffer;
  data: FileData;
}

const noData: PlacedData = { layout: DataLayout.flatPlain, address: 0, behind: Buffer.alloc(0) };

export class ErofsImageWriter {
  readonly #file: FileHandle;
  readonly #uuid: Buffer;
  readonly #blocks: BlockWriter;
  readonly #metadata: MetadataArea;
  #open: OpenFile | undefined;
  #inodes = 0;
  #chunkedFiles = false;

  private constructor(file: FileHandle, options: ImageOptions) {
    this.#file = file;
    this.#uuid = options.uuid ?? Buffer.alloc(16);
    this.#blocks = new BlockWriter(file, 1);
    this.#metadata = new MetadataArea(this.#blocks);
  }

  /** Creates the image file, which must not exist; {@link close} it whatever happens. */
  static async create(path: string, options: ImageOptions = {}): Promise<ErofsImageWriter> {
    return new ErofsImageWriter(await open(path, 'wx+', 0o600), options);
  }

  /** Bytes of the image so far, the metadata still in memory not counted. */
  get size(): number {
    return this.#blocks.position;
  }

  /** @throws RangeError if the extended attributes don't fit. */
  beginFile(options: FileOptions): void {
    const xattrs = encodeXattrs(options.attributes.xattrs);
    const fixed = INODE_SIZE + xattrs.length;
    let data: FileData;
    if (options.extents && options.size > 0) {
      checkRecord(fixed + sparseMapSize(options.size));
      this.#chunkedFiles = true;
      data = new SparseData(this.#blocks, options.size, options.extents);
    } else {
      const tail = options.size % BLOCK_SIZE;
      data = new FlatData(this.#blocks, options.size, tail <= INLINE_TAIL_MAX && fixed + tail <= BLOCK_SIZE);
    }
    this.#open = { options, xattrs, data };
  }

  fileData(chunk: Buffer): void {
    this.#open?.data.write(chunk);
  }

  endFile(): StoredInode {
    if (!this.#open) throw new Error('no file is open');
    const { options, xattrs, data } = this.#open;
    this.#open = undefined;
    return this.#store(options.attributes, options.size, { xattrs, data: data.end() });
  }

  /** @param target bytes as latin1. */
  addSymlink(attributes: Attributes, target: string): StoredInode {
    const xattrs = encodeXattrs(attributes.xattrs);
    const bytes = Buffer.from(target, 'latin1');
    const inline = INODE_SIZE + xattrs.length + bytes.length <= BLOCK_SIZE;
    const data = new FlatData(this.#blocks, bytes.length, inline);
    data.write(bytes);
    return this.#store(attributes, bytes.length, { xattrs, data: data.end() });
  }

  /** A device, by its encoded number (see `encodeDevice`), or a fifo. */
  addSpecial(attributes: Attributes, device = 0): StoredInode {
    const xattrs = encodeXattrs(attributes.xattrs);
    return this.#store(attributes, 0, { xattrs, data: { ...noData, address: device } });
  }

  /** True when {@link drain} has something to do. */
  get pending(): boolean {
    return this.#blocks.pending;
  }

  /** Writes what has gathered; called between pieces of input. */
  drain(): Promise<void> {
    return this.#blocks.drain();
  }

  /** Writes the directories and the superblock and waits until the disk has it all. */
  async finish(tree: ImageTree): Promise<{ size: number; inodes: number }> {
    this.#metadata.flush();
    const directories = await writeDirectories(tree, this.#blocks, this.#metadata, this.#inodes + 1);
    await this.#blocks.end();
    if (this.#blocks.block > BLOCKS_MAX) throw new RangeError('the image is over 16 TiB');
    this.#inodes += directories.count;
    encodeSuperblock(directories.firstBlock, {
      inodes: this.#inodes,
      blocks: this.#blocks.block,
      uuid: this.#uuid,
      chunkedFiles: this.#chunkedFiles,
    });
    await patchLinks(this.#file, this.#metadata, directories.shared);
    await this.#file.write(directories.firstBlock, 0, BLOCK_SIZE, 0);
    await this.#file.sync();
    return { size: this.#blocks.position, inodes: this.#inodes };
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #store(attributes: Attributes, size: number, content: { xattrs: Buffer; data: PlacedData }): StoredInode {
    const { xattrs, data } = content;
    const { location, record } = this.#metadata.allocate(INODE_SIZE + xattrs.length + data.behind.length);
    encodeInode(record, 0, {
      ...attributes,
      size,
      layout: data.layout,
      address: data.address,
      xattrSize: xattrs.length,
      serial: ++this.#inodes,
      links: 1,
    });
    xattrs.copy(record, INODE_SIZE);
    data.behind.copy(record, INODE_SIZE + xattrs.length);
    return { type: direntType(attributes.mode), location };
  }
}

function checkRecord(size: number): void {
  if (size > 1 << 20) throw new RangeError('the extended attributes and the map of holes do not fit together');
}

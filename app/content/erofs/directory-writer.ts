import type { BlockWriter } from './block-writer.ts';
import { encodeDirentBlock, fillBlock } from './directory.ts';
import type { ImageTree } from './directory-layout.ts';
import { DirectoryLayout, DIRECTORY_TYPE } from './directory-layout.ts';
import { ROOT } from './folder-table.ts';
import { BLOCK_SIZE, DataLayout, encodeInode, INODE_SIZE, NID_UNIT, ROOT_NID } from './format.ts';
import type { MetadataArea } from './metadata-area.ts';
import { DOT, DOT_DOT } from './name-table.ts';

export interface WrittenDirectories {
  count: number;
  /** The root's inode is in it, and the superblock is to be added. */
  firstBlock: Buffer;
  /** Sorted: where the inodes of shared names are, once for each such name. */
  shared: Uint32Array;
}

/** Appends all directories: first their whole blocks, then their inodes. */
export async function writeDirectories(
  tree: ImageTree,
  blocks: BlockWriter,
  metadata: MetadataArea,
  firstSerial: number,
): Promise<WrittenDirectories> {
  const layout = new DirectoryLayout(tree);
  try {
    layout.place(blocks.block);
    const writer = new DirectoryWriter(tree, layout, metadata);
    for (let index = 0; index < layout.count; index++) {
      for (const block of writer.blocks(layout.folder(index))) {
        blocks.write(block);
        if (blocks.pending) await blocks.drain();
      }
    }
    const firstBlock = Buffer.alloc(BLOCK_SIZE);
    writer.record(ROOT, firstSerial).copy(firstBlock, ROOT_NID * NID_UNIT);
    for (let index = 1; index < layout.count; index++) {
      const folder = layout.folder(index);
      blocks.zeros(layout.nid(folder) * NID_UNIT - blocks.position);
      blocks.write(writer.record(folder, firstSerial + index));
      if (blocks.pending) await blocks.drain();
    }
    blocks.align();
    return { count: layout.count, firstBlock, shared: sharedInodes(tree, layout) };
  } finally {
    layout.free();
  }
}

class DirectoryWriter {
  readonly #tree: ImageTree;
  readonly #layout: DirectoryLayout;
  readonly #metadata: MetadataArea;
  readonly #block = Buffer.alloc(BLOCK_SIZE);

  constructor(tree: ImageTree, layout: DirectoryLayout, metadata: MetadataArea) {
    this.#tree = tree;
    this.#layout = layout;
    this.#metadata = metadata;
  }

  /** A folder's whole blocks; each is only valid until the next. */
  *blocks(folder: number): Generator<Buffer> {
    const members = this.#layout.members(folder);
    const inline = this.#layout.inlineSize(folder, this.#tree.folders.xattrs(folder));
    for (let left = this.#layout.size(folder) - inline, from = 0; left > 0; left -= BLOCK_SIZE) {
      const { end } = fillBlock(this.#tree.names, members, from);
      this.#encode(this.#block.fill(0), folder, members.subarray(from, end));
      yield this.#block;
      from = end;
    }
  }

  /** A folder's inode and what lies behind it; where it fits into a block, it is only valid until the next. */
  record(folder: number, serial: number): Buffer {
    const xattrs = this.#tree.folders.xattrs(folder);
    const inline = this.#layout.inlineSize(folder, xattrs);
    const size = INODE_SIZE + xattrs.length + inline;
    const record = size > BLOCK_SIZE ? Buffer.alloc(size) : this.#block.fill(0, 0, size).subarray(0, size);
    encodeInode(record, 0, {
      ...this.#tree.folders.attributes(folder),
      layout: inline > 0 ? DataLayout.flatInline : DataLayout.flatPlain,
      address: this.#layout.address(folder),
      size: this.#layout.size(folder),
      serial,
      links: 2 + this.#layout.subfolders(folder),
      xattrSize: xattrs.length,
    });
    xattrs.copy(record, INODE_SIZE);
    if (inline > 0) this.#encode(record.subarray(size - inline), folder, this.#lastMembers(folder));
    return record;
  }

  #lastMembers(folder: number): ArrayLike<number> {
    const members = this.#layout.members(folder);
    for (let from = 0; ;) {
      const { end } = fillBlock(this.#tree.names, members, from);
      if (end === members.length) return members.subarray(from);
      from = end;
    }
  }

  #encode(target: Buffer, folder: number, ids: ArrayLike<number>): void {
    encodeDirentBlock(target, this.#tree.names, ids, (id) => this.#identify(folder, id));
  }

  #identify(folder: number, id: number): { nid: number; type: number } {
    if (id === DOT) return { nid: this.#layout.nid(folder), type: DIRECTORY_TYPE };
    if (id === DOT_DOT) return { nid: this.#layout.nid(this.#layout.parent(folder)), type: DIRECTORY_TYPE };
    const [type, value] = [this.#tree.names.type(id), this.#tree.names.value(id)];
    return { nid: type === DIRECTORY_TYPE ? this.#layout.nid(value) : this.#metadata.nid(value), type };
  }
}

function sharedInodes({ names }: ImageTree, layout: DirectoryLayout): Uint32Array {
  let most = 0;
  for (let id = 0; id < names.count; id++) if (names.isShared(id)) most++;
  const shared = new Uint32Array(most);
  let count = 0;
  for (let index = 0; most > 0 && index < layout.count; index++)
    for (const id of layout.members(layout.folder(index))) if (names.isShared(id)) shared[count++] = names.value(id);
  return shared.subarray(0, count).sort();
}

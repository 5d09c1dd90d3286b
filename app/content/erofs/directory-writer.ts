import type { BlockWriter } from './block-writer.ts';
import { encodeDirentBlock, splitIntoBlocks } from './directory.ts';
import { BLOCK_SIZE, DataLayout, direntType, encodeInode, FileMode, INODE_SIZE, NID_UNIT, ROOT_NID } from './format.ts';
import type { MetadataArea } from './metadata-area.ts';
import type { Directory } from './node.ts';
import { encodeXattrs } from './xattr.ts';

/** A directory with its place in the image. */
interface Plan {
  directory: Directory;
  parent: Plan | undefined;
  /** Sorted, with `.` and `..`. */
  names: string[];
  /** Index after the last name of each block. */
  ends: number[];
  size: number;
  subdirectories: number;
  xattrs: Buffer;
  /** The last block lies behind the inode. */
  inline: boolean;
  /** Block address of the whole blocks. */
  address: number;
}

/**
 * Appends all directories: first their whole blocks, then their inodes. The root's inode goes to block 0, which is
 * returned for the superblock to be added.
 */
export async function writeDirectories(
  root: Directory,
  blocks: BlockWriter,
  metadata: MetadataArea,
  firstSerial: number,
): Promise<{ count: number; firstBlock: Buffer }> {
  const plans = planAll(root);
  place(plans, blocks.block);
  const block = Buffer.alloc(BLOCK_SIZE);
  for (const plan of plans) {
    for (let index = 0; index < wholeBlocks(plan); index++) {
      encodeBlock(block.fill(0), plan, index, metadata);
      blocks.write(block);
      if (blocks.pending) await blocks.drain();
    }
  }
  const firstBlock = Buffer.alloc(BLOCK_SIZE);
  for (const [index, plan] of plans.entries()) {
    const record = encodeRecord(plan, firstSerial + index, metadata);
    if (plan.parent === undefined) {
      record.copy(firstBlock, ROOT_NID * NID_UNIT);
      continue;
    }
    blocks.zeros(plan.directory.nid * NID_UNIT - blocks.position);
    blocks.write(record);
    if (blocks.pending) await blocks.drain();
  }
  blocks.align();
  return { count: plans.length, firstBlock };
}

function planAll(root: Directory): Plan[] {
  const plans: Plan[] = [plan(root, undefined)];
  // Grows while it is walked: breadth first, so that a directory's subdirectories lie together.
  for (const parent of plans) {
    for (const name of parent.names) {
      const child = parent.directory.children.get(name);
      if (child?.kind !== 'directory') continue;
      parent.subdirectories++;
      plans.push(plan(child, parent));
    }
  }
  return plans;
}

const emptyNames = ['.', '..'];
const empty = { names: emptyNames, ...splitIntoBlocks(emptyNames) };

function plan(directory: Directory, parent: Plan | undefined): Plan {
  // Most of very many folders are empty: those share what they have in common.
  const names = directory.children.size === 0 ? empty.names : ['.', '..', ...directory.children.keys()].sort();
  const { ends, lastSize } = names === empty.names ? empty : splitIntoBlocks(names);
  const xattrs = encodeXattrs(directory.attributes.xattrs);
  const room = parent ? BLOCK_SIZE : BLOCK_SIZE - ROOT_NID * NID_UNIT;
  if (!parent && INODE_SIZE + xattrs.length > room)
    throw new RangeError(`the root directory's extended attributes take over ${room - INODE_SIZE} bytes`);
  return {
    directory,
    parent,
    names,
    ends,
    size: (ends.length - 1) * BLOCK_SIZE + lastSize,
    subdirectories: 0,
    xattrs,
    inline: lastSize < BLOCK_SIZE && INODE_SIZE + xattrs.length + lastSize <= room,
    address: 0,
  };
}

const wholeBlocks = (plan: Plan): number => plan.ends.length - (plan.inline ? 1 : 0);
const recordSize = (plan: Plan): number => INODE_SIZE + plan.xattrs.length + (plan.inline ? plan.size % BLOCK_SIZE : 0);

function place(plans: readonly Plan[], firstBlock: number): void {
  let block = firstBlock;
  for (const plan of plans) {
    plan.address = block;
    block += wholeBlocks(plan);
  }
  let position = block * BLOCK_SIZE;
  for (const plan of plans) {
    if (!plan.parent) {
      plan.directory.nid = ROOT_NID;
      continue;
    }
    const size = recordSize(plan);
    position = Math.ceil(position / NID_UNIT) * NID_UNIT;
    if (size > BLOCK_SIZE - (position % BLOCK_SIZE)) position = Math.ceil(position / BLOCK_SIZE) * BLOCK_SIZE;
    plan.directory.nid = position / NID_UNIT;
    position += size;
  }
}

function encodeRecord(plan: Plan, serial: number, metadata: MetadataArea): Buffer {
  const record = Buffer.alloc(recordSize(plan));
  const { attributes } = plan.directory;
  encodeInode(record, 0, {
    ...attributes,
    layout: plan.inline ? DataLayout.flatInline : DataLayout.flatPlain,
    address: plan.address,
    size: plan.size,
    serial,
    links: 2 + plan.subdirectories,
    xattrSize: plan.xattrs.length,
  });
  plan.xattrs.copy(record, INODE_SIZE);
  if (plan.inline) encodeBlock(record.subarray(INODE_SIZE + plan.xattrs.length), plan, plan.ends.length - 1, metadata);
  return record;
}

function encodeBlock(target: Buffer, plan: Plan, index: number, metadata: MetadataArea): void {
  const names = plan.names.slice(plan.ends[index - 1] ?? 0, plan.ends[index]);
  encodeDirentBlock(
    target,
    names.map((name) => ({ name, ...identify(plan, name, metadata) })),
  );
}

function identify(plan: Plan, name: string, metadata: MetadataArea): { nid: number; type: number } {
  const directory = direntType(FileMode.directory);
  if (name === '.') return { nid: plan.directory.nid, type: directory };
  if (name === '..') return { nid: (plan.parent ?? plan).directory.nid, type: directory };
  const child = plan.directory.children.get(name);
  if (child?.kind === 'stored') return { nid: metadata.nid(child.location), type: direntType(child.mode) };
  return { nid: child?.nid ?? 0, type: directory };
}

/**
 * The EROFS on-disk format, as far as an uncompressed image needs it: superblock, extended inode, directory entry.
 * Source: the kernel's fs/erofs/erofs_fs.h and Documentation/filesystems/erofs.rst. All numbers are little-endian.
 */
import { crc32c } from './crc32c.ts';

export const BLOCK_SIZE = 4096;
export const SUPERBLOCK_OFFSET = 1024;
export const INODE_SIZE = 64;
/** A node number (nid) counts units of 32 bytes from the start of the metadata area, here the start of the image. */
export const NID_UNIT = 32;
/** The superblock holds the root's nid in 16 bits, so the root inode follows the 128-byte superblock in block 0. */
export const ROOT_NID = (SUPERBLOCK_OFFSET + 128) / NID_UNIT;
export const DIRENT_SIZE = 12;
export const NAME_MAX = 255;
/** Offset of `i_nlink` in an extended inode. */
export const NLINK_OFFSET = 44;
/** Block addresses have 32 bits. */
export const BLOCKS_MAX = 0xffff_ffff;
/** The address of a chunk that is a hole. */
export const HOLE_ADDRESS = 0xffff_ffff;

const MAGIC = 0xe0f5_e1e2;
const COMPAT_CHECKSUM_AND_MTIME = 0x3;
const INCOMPAT_CHUNKED_FILE = 0x4;

/** `S_IFMT` bits of a mode (inode(7)). */
export const FileMode = {
  mask: 0o170000,
  fifo: 0o010000,
  characterDevice: 0o020000,
  directory: 0o040000,
  blockDevice: 0o060000,
  regular: 0o100000,
  symlink: 0o120000,
} as const;

/** Where an inode's data is: in whole blocks; in whole blocks and a tail behind the inode; in mapped chunks. */
export const DataLayout = { flatPlain: 0, flatInline: 2, chunkBased: 4 } as const;
export type DataLayout = (typeof DataLayout)[keyof typeof DataLayout];

export interface Timestamp {
  /** Seconds since 1970, may be negative. */
  seconds: number;
  /** 0 to 999,999,999. */
  nanoseconds: number;
}

export interface InodeFields {
  layout: DataLayout;
  /** Bytes of the encoded xattr area behind the inode, 0 or at least 16. */
  xattrSize: number;
  mode: number;
  size: number;
  /** Block address of the data, device number, or chunk format, by kind of inode. */
  address: number;
  /** Only reported to 32-bit callers of stat(2). */
  serial: number;
  uid: number;
  gid: number;
  mtime: Timestamp;
  links: number;
}

/** Writes an extended (64-byte) inode at `offset`. */
export function encodeInode(target: Buffer, offset: number, inode: InodeFields): void {
  target.writeUInt16LE(1 | (inode.layout << 1), offset);
  target.writeUInt16LE(inode.xattrSize === 0 ? 0 : (inode.xattrSize - 12) / 4 + 1, offset + 2);
  target.writeUInt16LE(inode.mode, offset + 4);
  target.writeUInt16LE(0, offset + 6);
  target.writeBigUInt64LE(BigInt(inode.size), offset + 8);
  target.writeUInt32LE(inode.address, offset + 16);
  target.writeUInt32LE(inode.serial, offset + 20);
  target.writeUInt32LE(inode.uid, offset + 24);
  target.writeUInt32LE(inode.gid, offset + 28);
  target.writeBigInt64LE(BigInt(inode.mtime.seconds), offset + 32);
  target.writeUInt32LE(inode.mtime.nanoseconds, offset + 40);
  target.writeUInt32LE(inode.links, offset + NLINK_OFFSET);
  target.fill(0, offset + 48, offset + INODE_SIZE);
}

/** A device number as an inode holds it (the kernel's new_encode_dev: 12 bits of major, 20 of minor). */
export function encodeDevice(major: number, minor: number): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

/** The `file_type` of a directory entry (the kernel's FT_* numbers). */
export function direntType(mode: number): number {
  switch (mode & FileMode.mask) {
    case FileMode.regular:
      return 1;
    case FileMode.directory:
      return 2;
    case FileMode.characterDevice:
      return 3;
    case FileMode.blockDevice:
      return 4;
    case FileMode.fifo:
      return 5;
    default:
      return 7;
  }
}

export interface SuperblockFields {
  inodes: number;
  blocks: number;
  /** 16 bytes. */
  uuid: Buffer;
  chunkedFiles: boolean;
}

/** Writes the superblock into block 0; the checksum covers the block's rest, so everything else must be in place. */
export function encodeSuperblock(firstBlock: Buffer, fields: SuperblockFields): void {
  const superblock = firstBlock.subarray(SUPERBLOCK_OFFSET, BLOCK_SIZE);
  superblock.fill(0, 0, 128);
  superblock.writeUInt32LE(MAGIC, 0);
  superblock.writeUInt32LE(COMPAT_CHECKSUM_AND_MTIME, 8);
  superblock.writeUInt8(Math.log2(BLOCK_SIZE), 12);
  superblock.writeUInt16LE(ROOT_NID, 14);
  superblock.writeBigUInt64LE(BigInt(fields.inodes), 16);
  superblock.writeUInt32LE(fields.blocks, 36);
  fields.uuid.copy(superblock, 48, 0, 16);
  superblock.writeUInt32LE(fields.chunkedFiles ? INCOMPAT_CHUNKED_FILE : 0, 80);
  superblock.writeUInt32LE(crc32c(superblock), 4);
}

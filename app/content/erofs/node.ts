import type { Timestamp } from './format.ts';
import type { InodeLocation } from './metadata-area.ts';

export interface Attributes {
  /** Type and permission bits (inode(7)). */
  mode: number;
  uid: number;
  gid: number;
  mtime: Timestamp;
  /** Names as latin1 bytes. */
  xattrs: ReadonlyMap<string, Buffer>;
}

/** An inode that is already in the image; several names may stand for it. */
export interface StoredInode {
  /** As a directory entry has it. */
  type: number;
  location: InodeLocation;
}

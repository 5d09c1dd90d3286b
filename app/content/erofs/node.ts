import type { InodeLocation } from './metadata-area.ts';
import type { Timestamp } from './format.ts';

export interface Attributes {
  /** Type and permission bits (inode(7)). */
  mode: number;
  uid: number;
  gid: number;
  mtime: Timestamp;
  /** Names as latin1 bytes. */
  xattrs: ReadonlyMap<string, Buffer>;
}

/** An inode that is already in the image; several names may hold it. */
export interface StoredInode {
  kind: 'stored';
  location: InodeLocation;
  mode: number;
  /** Names that hold it; written to the image at the end. */
  links: number;
}

/** A directory, which stays in memory until the end, when all its names are known. */
export interface Directory {
  kind: 'directory';
  attributes: Attributes;
  /** By name, bytes as latin1. */
  children: Map<string, TreeNode>;
  /** Its inode's number, once it has its place in the image; 0 before. */
  nid: number;
}

export type TreeNode = StoredInode | Directory;

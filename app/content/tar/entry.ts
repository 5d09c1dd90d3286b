/** One member of an archive. Names are byte strings: each character of a string is one byte (latin1). */
export type TarEntryType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'character-device' | 'block-device' | 'fifo';

export interface TarExtent {
  offset: number;
  length: number;
}

export interface TarEntry {
  type: TarEntryType;
  /** As in the archive: may be absolute, may have `.` and `..` components. */
  path: string;
  /** Permission bits, with set-id and sticky bits. */
  mode: number;
  uid: number;
  gid: number;
  mtime: { seconds: number; nanoseconds: number };
  /** Bytes of a file, holes included; 0 for all other types. */
  size: number;
  /** The runs that are not holes, if the archive holds the file as sparse; its data are then only these. */
  extents?: TarExtent[];
  /** Target of a symbolic or hard link. */
  linkTarget: string;
  deviceMajor: number;
  deviceMinor: number;
  /** `SCHILY.xattr.*` records, without that prefix. */
  xattrs: ReadonlyMap<string, Buffer>;
}

/** The archive breaks the format; `entry` is the member's path where one is known. */
export class TarFormatError extends Error {
  readonly entry: string | undefined;

  constructor(message: string, entry?: string) {
    super(message);
    this.name = 'TarFormatError';
    this.entry = entry;
  }
}

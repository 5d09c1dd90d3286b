/** Merges a member's header with the extended headers in front of it. */
import type { TarEntry, TarEntryType } from './entry.ts';
import { TarFormatError } from './entry.ts';
import type { TarHeader } from './header.ts';
import type { PaxRecords } from './pax.ts';
import { paxInteger, paxTime } from './pax.ts';
import type { PaxSparse } from './sparse.ts';
import { paxSparse } from './sparse.ts';

const XATTR_PREFIX = 'SCHILY.xattr.';
const ID_MAX = 0xffff_ffff - 1;

export interface Member {
  /** Absent for a member that is no file system object (a volume label). */
  entry: TarEntry | undefined;
  /** Bytes in the archive behind the header. */
  stored: number;
  /** What the extended header says of holes. */
  sparse: PaxSparse | undefined;
}

/**
 * Type flags that have no data whatever their size field says: GNU tar, libarchive and Go's archive/tar agree on these.
 */
const typesByFlag: Readonly<Record<string, TarEntryType>> = {
  '0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character-device',
  '4': 'block-device',
  '5': 'directory',
  '6': 'fifo',
};

/** GNU's long name and long link. */
export interface LongNames {
  path?: string | undefined;
  linkTarget?: string | undefined;
}

/** PAX records take precedence over GNU's long names, those over the header. */
export function decodeMember(header: TarHeader, long: LongNames, pax: PaxRecords): Member {
  const { values } = pax;
  const path = text(values, 'GNU.sparse.name') ?? text(values, 'path') ?? long.path ?? header.path;
  const size = number(values, 'size') ?? header.size;
  if (size < 0) throw new TarFormatError('header has a negative size', path);
  if (header.flag === 'V') return { entry: undefined, stored: size, sparse: undefined };
  const type = memberType(header.flag, path);
  const stored = type === 'file' ? size : 0;
  const entry: TarEntry = {
    type,
    path: checkText(path, 'name', path),
    linkTarget: checkText(text(values, 'linkpath') ?? long.linkTarget ?? header.linkTarget, 'link target', path),
    mode: header.mode & 0o7777,
    size: stored,
    ...inodeFields(header, values, path),
    xattrs: xattrs(values),
  };
  return { entry, stored, sparse: type === 'file' ? paxSparse(pax) : undefined };
}

function inodeFields(
  header: TarHeader,
  values: ReadonlyMap<string, Buffer>,
  path: string,
): Pick<TarEntry, 'uid' | 'gid' | 'mtime' | 'deviceMajor' | 'deviceMinor'> {
  const mtime = values.get('mtime');
  return {
    uid: checkId(number(values, 'uid') ?? header.uid, path),
    gid: checkId(number(values, 'gid') ?? header.gid, path),
    mtime: mtime ? paxTime(mtime, 'mtime') : { seconds: header.mtime, nanoseconds: 0 },
    deviceMajor: number(values, 'SCHILY.devmajor') ?? header.deviceMajor,
    deviceMinor: number(values, 'SCHILY.devminor') ?? header.deviceMinor,
  };
}

function memberType(flag: string, path: string): TarEntryType {
  const type = typesByFlag[flag];
  if (!type) throw new TarFormatError(`entry has the unknown type flag ${JSON.stringify(flag)}`, path);
  // Archivers older than POSIX mark directories by a slash alone.
  return type === 'file' && path.endsWith('/') ? 'directory' : type;
}

function text(values: ReadonlyMap<string, Buffer>, key: string): string | undefined {
  return values.get(key)?.toString('latin1');
}

function number(values: ReadonlyMap<string, Buffer>, key: string): number | undefined {
  const value = values.get(key);
  return value && value.length > 0 ? paxInteger(value, key) : undefined;
}

function checkText(value: string, what: string, path: string): string {
  if (value.includes('\0')) throw new TarFormatError(`entry has a NUL byte in its ${what}`, path);
  return value;
}

function checkId(id: number, path: string): number {
  if (id < 0 || id > ID_MAX) throw new TarFormatError(`entry has the owner ${id}, which does not fit 32 bits`, path);
  return id;
}

const noXattrs: ReadonlyMap<string, Buffer> = new Map();

function xattrs(values: ReadonlyMap<string, Buffer>): ReadonlyMap<string, Buffer> {
  let found: Map<string, Buffer> | undefined;
  for (const [key, value] of values) {
    if (key.startsWith(XATTR_PREFIX)) (found ??= new Map()).set(decodeKey(key.slice(XATTR_PREFIX.length)), value);
  }
  return found ?? noXattrs;
}

/** GNU tar escapes `=`, which ends a record's key, and `%`. */
function decodeKey(key: string): string {
  return key.replaceAll('%3D', '=').replaceAll('%25', '%');
}

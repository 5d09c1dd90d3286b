/**
 * Inline extended attributes: a 12-byte header, then entries aligned to 4 bytes, right behind the inode.
 * A name's prefix is an index (erofs_fs.h, EROFS_XATTR_INDEX_*).
 */
const HEADER_SIZE = 12;
const ENTRY_HEADER_SIZE = 4;
const VALUE_MAX = 0xffff;
/** `i_xattr_icount` counts 4-byte units in 16 bits, the header as one. */
const AREA_MAX = HEADER_SIZE + 4 * (0xffff - 1);

const prefixes: readonly (readonly [prefix: string, index: number])[] = [
  ['user.', 1],
  ['system.posix_acl_access', 2],
  ['system.posix_acl_default', 3],
  ['trusted.', 4],
  ['security.', 6],
];

function split(key: string): { index: number; name: Buffer } | undefined {
  for (const [prefix, index] of prefixes) {
    const whole = !prefix.endsWith('.');
    if (whole ? key === prefix : key.startsWith(prefix) && key.length > prefix.length)
      return { index, name: Buffer.from(key.slice(prefix.length), 'latin1') };
  }
  return undefined;
}

/** True if EROFS has a place for this attribute name (bytes as latin1); `com.apple.…`, for instance, has none. */
export function isStorableXattr(key: string): boolean {
  return split(key) !== undefined;
}

const empty = Buffer.alloc(0);
const aligned = (size: number): number => (size + 3) & ~3;

/**
 * Encodes the attributes (names as latin1 bytes, sorted here) or returns an empty buffer if there are none.
 * @throws RangeError if a name, a value or the whole does not fit.
 */
export function encodeXattrs(xattrs: ReadonlyMap<string, Buffer>): Buffer {
  if (xattrs.size === 0) return empty;
  const parts: Buffer[] = [Buffer.alloc(HEADER_SIZE)];
  for (const key of [...xattrs.keys()].sort()) {
    const attribute = split(key);
    const value = xattrs.get(key) ?? empty;
    if (!attribute) throw new RangeError(`extended attribute ${key} has a prefix that the file system can't hold`);
    if (attribute.name.length > 255) throw new RangeError(`extended attribute ${key} has a name over 255 bytes`);
    if (value.length > VALUE_MAX) throw new RangeError(`extended attribute ${key} has ${value.length} bytes`);
    const entry = Buffer.alloc(aligned(ENTRY_HEADER_SIZE + attribute.name.length + value.length));
    entry.writeUInt8(attribute.name.length, 0);
    entry.writeUInt8(attribute.index, 1);
    entry.writeUInt16LE(value.length, 2);
    attribute.name.copy(entry, ENTRY_HEADER_SIZE);
    value.copy(entry, ENTRY_HEADER_SIZE + attribute.name.length);
    parts.push(entry);
  }
  const area = Buffer.concat(parts);
  if (area.length > AREA_MAX) throw new RangeError(`extended attributes take ${area.length} bytes, over ${AREA_MAX}`);
  return area;
}

/** What {@link encodeXattrs} made. */
export function decodeXattrs(area: Buffer): Map<string, Buffer> {
  const xattrs = new Map<string, Buffer>();
  for (let at = HEADER_SIZE; at < area.length;) {
    const [nameSize, index] = [area.readUInt8(at), area.readUInt8(at + 1)];
    const value = at + ENTRY_HEADER_SIZE + nameSize;
    const end = value + area.readUInt16LE(at + 2);
    const prefix = prefixes.find(([, number]) => number === index)?.[0] ?? '';
    xattrs.set(prefix + area.toString('latin1', at + ENTRY_HEADER_SIZE, value), area.subarray(value, end));
    at = aligned(end);
  }
  return xattrs;
}

/** Makes tar archives in memory: ustar headers, with PAX records for what does not fit into them. */
export interface TarEntrySpec {
  /** A string is UTF-8. */
  path: string | Buffer;
  /** `file` unless given. */
  type?: 'file' | 'directory' | 'symlink' | 'hardlink' | 'character-device' | 'block-device' | 'fifo';
  data?: Buffer | string;
  mode?: number;
  uid?: number;
  gid?: number;
  /** Seconds since 1970, as a decimal number: a fraction of up to nine digits is kept. */
  mtime?: number | string;
  linkTarget?: string | Buffer;
  device?: readonly [major: number, minor: number];
  xattrs?: Readonly<Record<string, Buffer | string>>;
  /** The file is mostly holes: `data` are these runs, one behind the other (PAX sparse format 0.1). */
  sparse?: { readonly size: number; readonly runs: readonly (readonly [offset: number, length: number])[] };
}

const flags = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  'character-device': '3',
  'block-device': '4',
  directory: '5',
  fifo: '6',
} as const;
const BLOCK = 512;

/** The archive with its end mark. */
export function makeTar(entries: readonly TarEntrySpec[]): Buffer {
  return Buffer.concat([...entries.flatMap(tarMember), Buffer.alloc(2 * BLOCK)]);
}

/** One member: its headers and padded data. */
export function tarMember(entry: TarEntrySpec): Buffer[] {
  const { type = 'file', uid, gid, device, mtime = 0 } = entry;
  const extended = Buffer.concat(paxRecords(entry));
  const data = Buffer.from(entry.data ?? '');
  const header = tarHeader({
    path: Buffer.from(entry.path),
    flag: flags[type],
    size: data.length,
    mode: entry.mode ?? (type === 'directory' ? 0o755 : 0o644),
    uid,
    gid,
    mtime: isPlainTime(mtime) ? Number(mtime) : 0,
    link: Buffer.from(entry.linkTarget ?? ''),
    device,
  });
  if (extended.length === 0) return [header, padded(data)];
  const before = tarHeader({ path: Buffer.from('PaxHeader'), flag: 'x', size: extended.length });
  return [before, padded(extended), header, padded(data)];
}

const isPlainTime = (mtime: number | string): boolean => /^[0-9]{1,11}$/.test(String(mtime));

function paxRecords(entry: TarEntrySpec): Buffer[] {
  const path = Buffer.from(entry.path);
  const link = Buffer.from(entry.linkTarget ?? '');
  const records: Buffer[] = [];
  if (path.length > 100) records.push(paxRecord('path', path));
  if (link.length > 100) records.push(paxRecord('linkpath', link));
  if (!isPlainTime(entry.mtime ?? 0)) records.push(paxRecord('mtime', String(entry.mtime)));
  for (const key of ['uid', 'gid'] as const)
    if ((entry[key] ?? 0) > 0o7777777) records.push(paxRecord(key, String(entry[key])));
  if (entry.sparse) {
    const { size } = entry.sparse;
    // An empty run at the end, as GNU tar writes it: it takes the last run for the file's end.
    const runs = [...entry.sparse.runs, [size, 0]];
    records.push(paxRecord('GNU.sparse.size', String(size)), paxRecord('GNU.sparse.numblocks', String(runs.length)));
    records.push(paxRecord('GNU.sparse.map', runs.join(',')));
  }
  for (const [key, value] of Object.entries(entry.xattrs ?? {})) records.push(paxRecord(`SCHILY.xattr.${key}`, value));
  return records;
}

export interface TarHeaderSpec {
  path: Buffer;
  flag: string;
  size: number;
  mode?: number | undefined;
  uid?: number | undefined;
  gid?: number | undefined;
  mtime?: number | undefined;
  link?: Buffer | undefined;
  device?: readonly [number, number] | undefined;
}

export function tarHeader(spec: TarHeaderSpec): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, offset: number, size: number): void => {
    block.write(value.toString(8).padStart(size - 1, '0'), offset, 'latin1');
  };
  spec.path.copy(block, 0, 0, 100);
  octal(spec.mode ?? 0o644, 100, 8);
  octal((spec.uid ?? 0) & 0o7777777, 108, 8);
  octal((spec.gid ?? 0) & 0o7777777, 116, 8);
  octal(spec.size, 124, 12);
  octal(spec.mtime ?? 0, 136, 12);
  block.write(spec.flag, 156, 'latin1');
  spec.link?.copy(block, 157, 0, 100);
  block.write('ustar\x0000', 257, 'latin1');
  octal(spec.device?.[0] ?? 0, 329, 8);
  octal(spec.device?.[1] ?? 0, 337, 8);
  return withChecksum(block);
}

/** Sets a header's checksum field, after a test has changed other fields. */
export function withChecksum(block: Buffer): Buffer {
  block.fill(0x20, 148, 156);
  const sum = block.subarray(0, BLOCK).reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

export function paxRecord(key: string, value: Buffer | string): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`, 'latin1'), Buffer.from(value), Buffer.from('\n')]);
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

export function padded(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK)]);
}

/** Lists a directory tree with everything that an image must keep, for comparison entry by entry. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';

export interface TreeEntry {
  mode: string;
  owner: string;
  /** Nanoseconds since 1970. */
  mtime: bigint;
  /** Names of the inode; 0 for directories, where file systems count differently. */
  links: bigint;
  size?: bigint;
  device?: bigint;
  target?: string;
  sha256?: string;
  xattrs?: Record<string, string>;
}

const join = (a: Buffer, b: Buffer): Buffer => Buffer.concat([a, Buffer.from('/'), b]);

/** By path relative to the root (bytes as latin1); the root itself is `''`. */
export function listTree(root: string): Map<string, TreeEntry> {
  const entries = new Map<string, TreeEntry>();
  const xattrs = listXattrs(root);
  const waiting: { path: string; full: Buffer }[] = [{ path: '', full: Buffer.from(root) }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { path, full } = next;
    const stat = lstatSync(full, { bigint: true });
    const entry: TreeEntry = {
      mode: stat.mode.toString(8),
      owner: `${stat.uid}:${stat.gid}`,
      mtime: stat.mtimeNs,
      links: stat.isDirectory() ? 0n : stat.nlink,
    };
    if (stat.isFile()) {
      entry.size = stat.size;
      entry.sha256 = hashFile(full);
    }
    if (stat.isSymbolicLink()) entry.target = readlinkSync(full, 'latin1');
    if (stat.isCharacterDevice() || stat.isBlockDevice()) entry.device = stat.rdev;
    const attributes = xattrs.get(path);
    if (attributes) entry.xattrs = attributes;
    entries.set(path, entry);
    if (!stat.isDirectory()) continue;
    for (const name of readdirSync(full, { encoding: 'buffer' }))
      waiting.push({
        path: path === '' ? name.toString('latin1') : `${path}/${name.toString('latin1')}`,
        full: join(full, name),
      });
  }
  return new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function hashFile(path: Buffer): string {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(1 << 20);
  const file = openSync(path, 'r');
  try {
    for (let size = readSync(file, piece); size > 0; size = readSync(file, piece)) hash.update(piece.subarray(0, size));
  } finally {
    closeSync(file);
  }
  return hash.digest('hex');
}

/** All extended attributes as getfattr(1) prints them; values in hexadecimal. */
function listXattrs(root: string): Map<string, Record<string, string>> {
  const args = ['-R', '-h', '-P', '-d', '-m', '-', '-e', 'hex', '.'];
  const output = execFileSync('getfattr', args, {
    cwd: root,
    maxBuffer: 1 << 28,
    encoding: 'latin1',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const found = new Map<string, Record<string, string>>();
  for (const section of output.split('\n\n')) {
    const [head = '', ...lines] = section.split('\n');
    if (!head.startsWith('# file: ')) continue;
    const path = unescape(head.slice('# file: '.length)).replace(/^\.\/?/, '');
    found.set(
      path,
      Object.fromEntries(
        lines.map((line): [string, string] => [line.replace(/=.*$/, ''), line.replace(/^[^=]*=/, '')]),
      ),
    );
  }
  return found;
}

function unescape(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}

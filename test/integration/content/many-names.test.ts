/** A layer of about as many names as are allowed is built in memory that leaves room for the rest of the host service. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, test } from 'node:test';
import { createGzip } from 'node:zlib';
import { tarHeader } from '../../support/tar.ts';

const root = mkdtempSync(join(tmpdir(), 'berth-many-names-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** What the build alone may take, so that the whole service stays under 200 MB. */
const LIMIT_KIB = 165 * 1024;
const PIECE = 1000;

interface Kind {
  what: string;
  count: number;
  path: (n: number) => string;
  flag: string;
}

/** In no order. */
const mixed = (n: number): string => (Math.imul(n, 0x9e37_79b1) >>> 0).toString(16).padStart(8, '0');

const kinds: readonly Kind[] = [
  { what: 'files of one folder', count: 599_000, path: (n) => `d/${mixed(n)}${'n'.repeat(39)}`, flag: '0' },
  {
    what: 'folders in folders',
    count: 290_000,
    path: (n) => `d/${n >> 12}/${'e/'.repeat(n % 20)}${mixed(n)}`,
    flag: '5',
  },
];

/** Of the build, as the host service runs it: the process's peak. */
const script = `
  import { createReadStream, readFileSync } from 'node:fs';
  import { buildLayerImage } from ${JSON.stringify(new URL('../../../app/content/layer/build.ts', import.meta.url).href)};
  const [blob, diffId] = process.argv.slice(1);
  const { inodes } = await buildLayerImage(createReadStream(blob), { layer: 'many', diffId, target: blob + '.erofs' });
  const peak = Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
  console.log(JSON.stringify({ inodes, peak }));
`;

for (const kind of kinds)
  test(`${kind.count} ${kind.what}`, { skip: !existsSync('/proc/self/status') }, async (t) => {
    const hash = createHash('sha256');
    const blob = join(root, 'layer.tar.gz');
    await pipeline(Readable.from(archive(kind, hash)), createGzip({ level: 1 }), createWriteStream(blob));
    const args = ['--max-semi-space-size=1', '--input-type=module', '-e', script, blob, `sha256:${hash.digest('hex')}`];
    const { inodes, peak } = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Built;
    t.diagnostic(`${peak} KiB`);
    assert.ok(inodes > kind.count);
    assert.ok(peak < LIMIT_KIB, `${peak} KiB`);
  });

interface Built {
  inodes: number;
  peak: number;
}

function* archive({ count, path, flag }: Kind, hash: ReturnType<typeof createHash>): Generator<Buffer> {
  for (let from = 0; from < count; from += PIECE) {
    const headers = Array.from({ length: Math.min(PIECE, count - from) }, (_, n) =>
      tarHeader({ path: Buffer.from(path(from + n)), flag, size: 0 }),
    );
    const piece = Buffer.concat(headers);
    hash.update(piece);
    yield piece;
  }
  const end = Buffer.alloc(1024);
  hash.update(end);
  yield end;
}

/** A layer's image, mounted by the kernel, equals what GNU tar unpacks from the same archive, entry by entry. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  createReadStream,
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { after, test } from 'node:test';
import { createGunzip } from 'node:zlib';
import fc from 'fast-check';
import { buildLayerImage } from '../../../app/content/layer/build.ts';
import { equalsGnuTar, sha256, tar } from '../../support/gnu-tar.ts';
import { whyNoErofsMount, withErofs } from '../../support/erofs-mount.ts';
import { builtImages } from '../../support/images/build.ts';
import type { TarEntrySpec } from '../../support/tar.ts';
import { makeTar } from '../../support/tar.ts';

const skip = whyNoErofsMount() ?? false;
const root = mkdtempSync(join(tmpdir(), 'berth-gnu-tar-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** Things that only a script makes well: names that are no UTF-8, holes, devices, sub-second and early times. */
const makeOddTree = `
import os, struct, stat
os.makedirs(b'odd/\\xff\\xfe dir/' + b'n' * 200); os.makedirs('odd/many'); os.makedirs('odd/empty')
for i in range(1500): open('odd/many/%s-%d' % ('m' * (i % 60), i), 'w').write('x' * (i * 7 % 9000))
for size in (0, 1, 2047, 2048, 2049, 4031, 4032, 4033, 4095, 4096, 4097, 8192, 10000, 3000000):
    with open('odd/size-%d' % size, 'wb') as f: f.write((b'%d.' % size * size)[:size])
open(b'odd/\\xff\\xfe dir/' + b'n' * 200 + b'/\\x01new\\nline', 'w').write('name')
os.symlink(b't' * 4000, 'odd/long-link'); os.symlink(b'\\xe4', 'odd/latin-link'); os.symlink('../..', 'odd/up')
os.link('odd/size-4097', 'odd/empty/hard'); os.link('odd/long-link', 'odd/hard-to-link')
os.mkfifo('odd/fifo'); os.mknod('odd/null', 0o666 | stat.S_IFCHR, os.makedev(1, 3)); os.mknod('odd/disk', 0o600 | stat.S_IFBLK, os.makedev(259, 70000))
for name, runs, size in (('holes', [(0, 1), (100000, 5000), (500000, 4096)], 700000), ('all-hole', [], 1 << 20), ('ends-full', [(8192, 4096)], 12288)):
    with open('odd/sparse-' + name, 'wb') as f:
        f.truncate(size)
        for at, n in runs: f.seek(at); f.write(os.urandom(1) * n)
with open('odd/sparse-many', 'wb') as f:
    for i in range(300): f.seek(i * 65536); f.write(b'%d' % i)
os.chmod('odd/size-1', 0o6755); os.chmod('odd/empty', 0o1777); os.chown('odd/size-2047', 4000000000, 12345)
os.setxattr('odd/size-2048', 'user.name', b'\\x00\\xffvalue\\n'); os.setxattr('odd/empty', 'trusted.t', b'1')
os.setxattr('odd/size-4095', 'user.big', b'v' * 3500)
os.setxattr('odd/size-4096', 'security.capability', struct.pack('<IIIII', 0x02000001, 1 << 10, 0, 0, 0))
os.utime('odd/size-0', ns=(0, 1234567890123456789)); os.utime('odd/size-1', ns=(0, 1)); os.utime('odd/up', ns=(0, 999999999), follow_symlinks=False)
`;

const formats: readonly (readonly [name: string, args: readonly string[]])[] = [
  ['gnu', ['--format=gnu']],
  ['gnu, sparse', ['--format=gnu', '--sparse']],
  ['pax', ['--format=pax', '--xattrs', '--xattrs-include=*']],
  ['pax, sparse 0.0', ['--format=pax', '--sparse', '--sparse-version=0.0']],
  ['pax, sparse 0.1', ['--format=pax', '--sparse', '--sparse-version=0.1']],
  ['pax, sparse 1.0', ['--format=pax', '--sparse', '--sparse-version=1.0', '--xattrs', '--xattrs-include=*']],
];

for (const [format, args] of formats)
  test(`a tree with every odd thing in it, format ${format}`, { skip }, async () => {
    const work = mkdtempSync(join(root, 'odd-'));
    execFileSync('python3', ['-c', makeOddTree], { cwd: work });
    const archive = join(work, 'odd.tar');
    tar('-C', work, '-cf', archive, ...args, 'odd');
    assert.ok((await equalsGnuTar(archive, root)) > 1500);
    rmSync(work, { recursive: true });
  });

test('a sparse file of over 4 GiB takes no room for its holes', { skip }, async () => {
  const work = mkdtempSync(join(root, 'far-'));
  const script = "f = open('far', 'wb'); f.seek(1 << 32); f.write(b'far'); f.truncate((1 << 32) + 9)";
  execFileSync('python3', ['-c', script], { cwd: work });
  const archive = join(work, 'far.tar');
  const target = join(work, 'far.erofs');
  tar('-C', work, '-cf', archive, '--format=pax', '--sparse', 'far');
  const blob = createReadStream(archive) as AsyncIterable<Buffer>;
  const { size } = await buildLayerImage(blob, { layer: 'far', diffId: await sha256(archive), target });
  assert.ok(size < 1_000_000, `${size} bytes`);
  await withErofs(target, join(work, 'mounted'), async () => {
    await using file = await open(join(work, 'mounted', 'far'));
    assert.equal((await file.stat()).size, 2 ** 32 + 9);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(100), 0, 100, 2 ** 32 - 5);
    assert.equal(buffer.toString('latin1', 0, bytesRead), '\0'.repeat(5) + 'far' + '\0'.repeat(6));
  });
  rmSync(work, { recursive: true });
});

for (const format of ['ustar', 'v7', 'oldgnu'])
  test(`a plain tree, format ${format}`, { skip }, async () => {
    const work = mkdtempSync(join(root, 'plain-'));
    mkdirSync(join(work, 'plain', 'd'.repeat(60)), { recursive: true });
    for (const size of [0, 100, 5000]) writeFileSync(join(work, 'plain', 'd'.repeat(60), `f${size}`), 'x'.repeat(size));
    const archive = join(work, 'plain.tar');
    tar('-C', work, '-cf', archive, `--format=${format}`, 'plain');
    assert.equal(await equalsGnuTar(archive, root), 5);
    rmSync(work, { recursive: true });
  });

for (const folder of ['/etc', '/usr/share/zoneinfo', '/usr/share/perl'])
  test(`a real tree: ${folder}`, { skip: skip || !isFolder(folder) }, async () => {
    const archive = join(root, 'real.tar');
    tar('-C', folder, '-cf', archive, '--format=pax', '--xattrs', '.');
    assert.ok((await equalsGnuTar(archive, root)) > 10);
  });

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

const nameBytes = fc
  .uint8Array({ min: 1, minLength: 1, maxLength: 20 })
  .map((array) => Buffer.from(array.map((byte) => (byte === 0x2f ? 0x61 : byte))))
  .filter((name) => !['.', '..'].includes(name.toString('latin1')) && !name.toString('latin1').startsWith('.wh.'));

/** Entries in one folder with some duplicate names, so that later ones replace earlier ones. */
const generated = fc.array(
  fc.record({
    path: fc.oneof(
      nameBytes,
      fc.constantFrom('a', 'b', 'c').map((name) => Buffer.from(name)),
    ),
    type: fc.constantFrom('file', 'file', 'symlink', 'fifo', 'character-device'),
    data: fc.nat(12_000).map((size) => Buffer.alloc(size, 'data')),
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: fc.integer({ min: 0, max: 0xffff_fffe }),
    gid: fc.integer({ min: 0, max: 0xffff_fffe }),
    mtime: fc.tuple(fc.nat(2 ** 31), fc.nat(999_999_999)).map(([s, ns]) => `${s}.${String(ns).padStart(9, '0')}`),
    linkTarget: nameBytes,
    device: fc.tuple(fc.nat(0xfff), fc.nat(0xf_ffff)),
    xattrs: fc.dictionary(
      fc.constantFrom('trusted.a', 'security.b', 'trusted.c'),
      fc.uint8Array({ minLength: 1, maxLength: 900 }).map((array) => Buffer.from(array)),
    ),
  }),
  { maxLength: 40 },
);

test('generated archives, duplicates and hard links in them', { skip }, async () => {
  const archive = join(root, 'generated.tar');
  await fc.assert(
    fc.asyncProperty(generated, fc.array(fc.nat()), async (specs, links) => {
      const plain = specs.map((spec): TarEntrySpec => ({
        ...spec,
        path: Buffer.concat([Buffer.from('./d/'), spec.path]),
        type: spec.type,
        data: spec.type === 'file' ? spec.data : '',
      }));
      const hard = links.flatMap((at, index): TarEntrySpec[] => {
        const target = plain[at % Math.max(plain.length, 1)];
        return target ? [{ path: `./d/hard link ${index}`, type: 'hardlink', linkTarget: target.path }] : [];
      });
      writeFileSync(archive, makeTar([{ path: './d/', type: 'directory', mode: 0o755 }, ...plain, ...hard]));
      await equalsGnuTar(archive, root);
    }),
    { numRuns: 30 },
  );
});

test('a layer of 1 GiB, packed and not, is built in memory that does not grow with it', { skip }, () => {
  const script = `
    import { createHash } from 'node:crypto';
    import { rmSync } from 'node:fs';
    import { Readable } from 'node:stream';
    import { createGzip } from 'node:zlib';
    import { buildLayerImage } from ${JSON.stringify(moduleUrl('app/content/layer/build.ts'))};
    import { tarHeader } from ${JSON.stringify(moduleUrl('test/support/tar.ts'))};
    const piece = Buffer.alloc(1 << 20, createHash('sha512').update('piece').digest());
    function* archive() {
      for (let file = 0; file < 4; file++) {
        yield tarHeader({ path: Buffer.from('file' + file), flag: '0', size: 256 << 20 });
        for (let at = 0; at < 256; at++) yield piece;
      }
      yield Buffer.alloc(1024);
    }
    const hash = createHash('sha256');
    for (const part of archive()) hash.update(part);
    const diffId = 'sha256:' + hash.digest('hex');
    const target = process.argv[1];
    for (const blob of [Readable.from(archive()), Readable.from(archive()).pipe(createGzip({ level: 1 }))]) {
      const { size } = await buildLayerImage(blob, { layer: 'large', diffId, target });
      if (size < 2 ** 30) throw new Error('only ' + size + ' bytes');
      rmSync(target);
    }
    console.log(process.resourceUsage().maxRSS);
  `;
  const args = ['--input-type=module', '-e', script, join(root, 'large.erofs')];
  const peak = Number(execFileSync(process.execPath, args, { encoding: 'utf8' }));
  assert.ok(peak < 200 * 1024, `${peak} KiB`);
});

const moduleUrl = (path: string): string => new URL(`../../../${path}`, import.meta.url).href;

test('every layer of the test images', { skip }, async (t) => {
  const digests = new Set<string>();
  for (const { layout, manifestDigest } of Object.values(await builtImages())) {
    const blob = (digest: string): string => join(layout, 'blobs/sha256', digest.replace('sha256:', ''));
    const manifest = JSON.parse(readFileSync(blob(manifestDigest), 'utf8')) as { layers: { digest: string }[] };
    for (const { digest } of manifest.layers) {
      if (digests.has(digest)) continue;
      digests.add(digest);
      const archive = join(root, 'layer.tar');
      await pipeline(createReadStream(blob(digest)), createGunzip(), createWriteStream(archive));
      t.diagnostic(`${layout}: ${await equalsGnuTar(archive, root)} entries`);
    }
  }
  assert.equal(digests.size, 6);
});

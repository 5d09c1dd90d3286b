/** Layers that mean harm, as bytes: each is refused with its name and the entry's, or is harmless; nothing is left behind. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { createZstdCompress, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { EngineError } from '../../../../../app/base/error.ts';
import { buildLayerImage, defaultLimits } from '../../../../../app/content/layer/build.ts';
import type { LayerLimits } from '../../../../../app/content/layer/layer-writer.ts';
import type { TarEntrySpec } from '../../../../support/tar.ts';
import { makeTar, padded, paxRecord, tarHeader, tarMember, withChecksum } from '../../../../support/tar.ts';

const outside = mkdtempSync(join(tmpdir(), 'berth-hostile-'));
const folder = join(outside, 'a/b/c');
execFileSync('mkdir', ['-p', folder]);
const target = join(folder, 'layer.erofs');
after(() => rmSync(outside, { recursive: true }));

const sha256 = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const everything = (): string[] => readdirSync(outside, { recursive: true, encoding: 'utf8' }).sort();
const empty = everything();

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let from = 0; from < bytes.length; from += size) yield await Promise.resolve(bytes.subarray(from, from + size));
}

async function refused(
  blob: Buffer | AsyncIterable<Buffer>,
  diffId: string,
  message: RegExp,
  limits = defaultLimits,
): Promise<void> {
  for (const size of [700, 1 << 20]) {
    const source = Buffer.isBuffer(blob) ? pieces(blob, size) : blob;
    await assert.rejects(buildLayerImage(source, { layer: 'sha256:feed', diffId, target, limits }), (error) => {
      assert.ok(error instanceof EngineError, String(error));
      assert.equal(error.code, 'invalid-layer');
      assert.match(error.message, /^Layer sha256:feed/);
      assert.match(error.message, message);
      return true;
    });
    assert.deepEqual(everything(), empty);
    if (!Buffer.isBuffer(blob)) return;
  }
}

const tar = makeTar([
  { path: 'etc/', type: 'directory' },
  { path: 'etc/some file', data: Buffer.alloc(20_000, 'some text ') },
]);
const named = (name: string, before: Buffer): Buffer =>
  Buffer.concat([
    ...tarMember({ path: 'good' }),
    tarHeader({ path: Buffer.from('x'), flag: 'x', size: before.length }),
    padded(before),
    tarHeader({ path: Buffer.from(name), flag: '0', size: 600 }),
    padded(Buffer.alloc(600, 'x')),
    Buffer.alloc(1024),
  ]);

const broken: readonly (readonly [what: string, archive: Buffer, message: RegExp])[] = [
  [
    'an extended header that makes the file longer',
    named('liar', paxRecord('size', '5000')),
    /entry "liar": archive is cut off/,
  ],
  ['one that makes it shorter', named('liar', paxRecord('size', '10')), /header has (a wrong checksum|no number)/],
  [
    'one that makes it endless',
    named('liar', paxRecord('size', '9'.repeat(15))),
    /entry "liar": the file has 9{15} bytes/,
  ],
  [
    'one whose size is no number',
    named('liar', paxRecord('size', '-1')),
    /entry "liar": extended header has no number/,
  ],
  ['a record that is longer than its header', named('liar', Buffer.from('99 path=x\n')), /malformed record/],
  [
    'a name with a NUL',
    named('liar', paxRecord('path', 'x\0y')),
    /entry "x\\u0000y": entry has a NUL byte in its name/,
  ],
  ['a name that leads out', named('liar', paxRecord('path', '../../x')), /entry "\.\.\/\.\.\/x": a path leads out/],
  ['a name of no byte, that is, the root as a file', named('liar', paxRecord('path', '')), /root is a file/],
  ['a whiteout of the folder above', named('liar', paxRecord('path', 'etc/.wh...')), /whiteout marks nothing/],
  [
    'a header of a wrong checksum',
    Buffer.concat([...tarMember({ path: 'good' }), Buffer.alloc(512, 'x')]),
    /no number|checksum/,
  ],
  ['a header that is cut off', tar.subarray(0, 700), /cut off/],
  ['data that is cut off', tar.subarray(0, 3000), /entry "etc\/some file": archive is cut off/],
];

for (const [what, archive, message] of broken)
  test(`${what} is refused`, () => refused(archive, sha256(archive), message));

const zstdFrame = (descriptor: number, ...header: number[]): Buffer =>
  Buffer.from([0x28, 0xb5, 0x2f, 0xfd, descriptor, ...header, 1, 0, 0]);
const damaged = gzipSync(tar);
damaged.fill(0xff, damaged.length - 8, damaged.length - 4);

const packed: readonly (readonly [what: string, blob: Buffer, message: RegExp])[] = [
  ['text behind the gzip stream', Buffer.concat([gzipSync(tar), Buffer.from('and more')]), /incorrect header check/],
  ['a second gzip stream of other things', Buffer.concat([gzipSync(tar), gzipSync('more')]), /unpacks to sha256:/],
  ['text behind the zstd stream', Buffer.concat([zstdCompressSync(tar), Buffer.from('and more')]), /./],
  ['a gzip stream of a wrong checksum', damaged, /incorrect data check/],
  ['a gzip stream that is cut off', gzipSync(tar).subarray(0, 60), /unexpected end of file/],
  ['a zstd stream that is cut off', zstdCompressSync(tar).subarray(0, 60), /./],
  ['a zstd stream that wants a dictionary', zstdFrame(0x21, 7, 0), /[Dd]ictionary/],
  ['a zstd stream that wants a window of 3 TiB', zstdFrame(0, 0xff), /memory/],
  ['an archive of another digest', gzipSync(makeTar([])), /unpacks to sha256:\w+, the image's configuration says/],
];

for (const [what, blob, message] of packed) test(`${what} is refused`, () => refused(blob, sha256(tar), message));

test('zeros behind a gzip stream are padding', async () => {
  const blob = Buffer.concat([gzipSync(tar), Buffer.alloc(1000)]);
  await buildLayerImage(pieces(blob, 300), { layer: 'padded', diffId: sha256(tar), target });
  rmSync(target);
});

test('a few kilobytes that stand for gigabytes are refused when they are over any honest ratio', async () => {
  const header = tarHeader({ path: Buffer.from('bomb'), flag: '0', size: 2 ** 33 - 1 });
  const zeros = Buffer.alloc(1 << 20);
  const bomb = Readable.from([header, ...Array<Buffer>(400).fill(zeros)]).pipe(createZstdCompress());
  await refused(bomb as AsyncIterable<Buffer>, sha256(tar), /over 1100 times its size/);
});

/** A header of this name and flag, and what it announces. */
const announced = (name: string, flag: string, body: Buffer): Buffer =>
  Buffer.concat([tarHeader({ path: Buffer.from(name), flag, size: body.length }), padded(body)]);
const xattrs = (size: number): string => 'v'.repeat(size);
/** GNU's header of a file that is mostly holes, with its first four runs. */
function holes(name: string, size: number, runs: readonly number[]): Buffer {
  const block = tarHeader({ path: Buffer.from(name), flag: 'S', size: runs.length * 512 });
  block.fill(0, 345);
  block.write('ustar  \0', 257, 'latin1');
  const base256 = (value: number, at: number): void => {
    block[at] = 0x80;
    block.writeBigUInt64BE(BigInt(value), at + 4);
  };
  runs.forEach((offset, slot) => {
    base256(offset, 386 + slot * 24);
    base256(512, 398 + slot * 24);
  });
  base256(size, 483);
  return Buffer.concat([withChecksum(block), Buffer.alloc(runs.length * 512, 'x')]);
}

/** What would fill memory or the disk: the members, one after the other, and how often that would have to be taken. */
const greedy: readonly (readonly [
  what: string,
  limits: LayerLimits,
  members: (n: number) => Buffer,
  message: RegExp,
])[] = [
  [
    'global headers without end',
    defaultLimits,
    (n) => announced('g', 'g', paxRecord(`key${n}`, xattrs(1000))),
    /entry "g": global extended headers take over 65536 bytes/,
  ],
  [
    'folders with large attributes',
    defaultLimits,
    (n) =>
      Buffer.concat(tarMember({ path: `d${n}/`, type: 'directory', xattrs: { 'user.a': `${n}${xattrs(60_000)}` } })),
    /entry "d\d+\/": extended attributes of the folders take over 8388608 bytes/,
  ],
  [
    'a folder with an attribute that no file system has room for',
    defaultLimits,
    () => Buffer.concat(tarMember({ path: 'd/', type: 'directory', xattrs: { 'user.a': xattrs(70_000) } })),
    /entry "d\/": extended attribute user\.a has 70000 bytes/,
  ],
  [
    'names to hide without end',
    { entries: 50, bytes: 2 ** 20 },
    (n) => Buffer.concat(tarMember({ path: `.wh.${n}` })),
    /entry "\.wh\.50": the layer has over 50 names/,
  ],
  [
    'folders, which take more memory than files',
    { entries: 50, bytes: 2 ** 20 },
    (n) => Buffer.concat(tarMember({ path: `d${n}/`, type: 'directory' })),
    /entry "d25\/": the layer has over 50 names/,
  ],
  [
    'files of 16 TiB with some bytes here and there',
    defaultLimits,
    (n) => holes(`f${n}`, 2 ** 44, [0, 2 ** 40, 2 ** 41, 2 ** 42]),
    /entry "f\d": the layer's image takes too many times the layer's size/,
  ],
  [
    'files that are one hole of 16 TiB',
    { entries: 1000, bytes: 2 ** 23 },
    (n) => holes(`f${n}`, 2 ** 44, []),
    /entry "f\d+": the layer takes over 8388608 bytes/,
  ],
];

for (const [what, limits, member, message] of greedy)
  test(`${what}: refused before it costs much`, async () => {
    const archive = async function* () {
      for (let n = 0; n < 2000; n++) yield await Promise.resolve(member(n));
    };
    const taken = process.resourceUsage().maxRSS;
    await refused(archive(), sha256(tar), message, limits);
    const more = process.resourceUsage().maxRSS - taken;
    assert.ok(more < 128 * 1024, `${more} KiB`);
  });

const good = makeTar([
  { path: 'd/', type: 'directory', mtime: '1.5', xattrs: { 'user.x': 'y' } },
  { path: 'd/f', data: Buffer.alloc(3000, 'f'), xattrs: { 'security.capability': Buffer.alloc(20, 1) } },
  { path: 'd/h', type: 'hardlink', linkTarget: 'd/f' },
  { path: 'd/s', data: Buffer.alloc(1024, 's'), sparse: { size: 9000, runs: [[4096, 1024]] } },
  { path: `d/${'long'.repeat(50)}`, type: 'symlink', linkTarget: 't'.repeat(150) },
  { path: 'd/n', type: 'character-device', device: [1, 3] },
  { path: 'd/.wh.gone' },
  { path: 'o/.wh..wh..opq' },
] satisfies TarEntrySpec[]);

/** Bytes that matter in a header: digits, flags, separators. */
const value = fc.oneof(
  fc.nat(255),
  fc.constantFrom(0, 0x2e, 0x2f, 0x30, 0x35, 0x37, 0x4c, 0x53, 0x67, 0x78, 0x80, 0xff),
);
const change = fc.record({ at: fc.nat(good.length - 1), value, repair: fc.boolean() });
const block = fc.record({ from: fc.nat(good.length / 512 - 1), to: fc.nat(good.length / 512 - 1) });

test('no damage does more than to be refused: what is accepted passes fsck.erofs', { timeout: 240_000 }, async (t) => {
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { maxLength: 4 }),
      fc.array(block, { maxLength: 2 }),
      fc.nat(9),
      async (changes, blocks, cut) => {
        const archive = Buffer.from(good);
        for (const { from, to } of blocks) good.copy(archive, to * 512, from * 512, from * 512 + 512);
        for (const { at, value: byte, repair } of changes) {
          archive[at] = byte;
          if (repair) withChecksum(archive.subarray(at - (at % 512), at - (at % 512) + 512));
        }
        const bytes = cut === 0 ? archive.subarray(0, changes[0]?.at) : archive;
        try {
          await buildLayerImage(pieces(bytes, 777), { layer: 'sha256:feed', diffId: sha256(bytes), target });
        } catch (error) {
          assert.ok(error instanceof EngineError && error.code === 'invalid-layer', String(error));
          assert.deepEqual(everything(), empty);
          return;
        }
        accepted++;
        assert.equal(everything().length, empty.length + 1);
        try {
          execFileSync('fsck.erofs', [target], { stdio: 'pipe' });
        } finally {
          rmSync(target);
        }
      },
    ),
    { numRuns: 500 },
  );
  t.diagnostic(`${accepted} of 500 accepted`);
});

test('damage of the packed bytes is refused, or was none', async () => {
  const source = gzipSync(good);
  await buildLayerImage(pieces(good, 4096), { layer: 'whole', diffId: sha256(good), target });
  const whole = readFileSync(target);
  rmSync(target);
  await fc.assert(
    fc.asyncProperty(fc.nat(source.length - 1), fc.nat(255), async (at, byte) => {
      const blob = Buffer.from(source);
      blob[at] = byte;
      try {
        await buildLayerImage(pieces(blob, 500), { layer: 'sha256:feed', diffId: sha256(good), target });
      } catch (error) {
        assert.ok(error instanceof EngineError && error.code === 'invalid-layer', String(error));
        assert.deepEqual(everything(), empty);
        return;
      }
      assert.deepEqual(readFileSync(target), whole);
      rmSync(target);
    }),
    { numRuns: 300 },
  );
});

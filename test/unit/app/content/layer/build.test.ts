import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { EngineError } from '../../../../../app/base/error.ts';
import type { BuiltLayer, LayerBuild } from '../../../../../app/content/layer/build.ts';
import { buildLayerImage } from '../../../../../app/content/layer/build.ts';
import type { TarEntrySpec } from '../../../../support/tar.ts';
import { makeTar } from '../../../../support/tar.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-build-'));
after(() => rmSync(folder, { recursive: true }));
let serial = 0;

async function* pieces(bytes: Buffer, size = 1000): AsyncGenerator<Buffer> {
  for (let from = 0; from < bytes.length; from += size) yield await Promise.resolve(bytes.subarray(from, from + size));
}

const sha256 = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

async function build(
  tar: Buffer,
  options: Partial<LayerBuild> = {},
  blob = tar,
): Promise<{ built: BuiltLayer; image: Buffer }> {
  const target = join(folder, `${++serial}.erofs`);
  const built = await buildLayerImage(pieces(blob), { layer: 'the-layer', diffId: sha256(tar), target, ...options });
  return { built, image: readFileSync(target) };
}

test('the same archive gives the same bytes, however it is compressed and cut', async () => {
  const tar = makeTar([
    { path: 'd/', type: 'directory', mode: 0o700 },
    { path: 'd/b', data: 'x'.repeat(5000), xattrs: { 'user.z': '1', 'user.a': '2' } },
    { path: 'd/a', type: 'hardlink', linkTarget: 'd/b' },
    { path: '.wh.gone' },
  ]);
  const { built, image } = await build(tar);
  assert.equal(built.size, image.length);
  assert.equal(image.readUInt32LE(1024), 0xe0f5e1e2);
  const gzip = gzipSync(tar);
  const halves = Buffer.concat([gzipSync(tar.subarray(0, 700)), gzipSync(tar.subarray(700))]);
  const frames = Buffer.concat([zstdCompressSync(tar.subarray(0, 700)), zstdCompressSync(tar.subarray(700))]);
  const skippable = Buffer.concat([Buffer.from('502a4d180400000041424344', 'hex'), zstdCompressSync(tar)]);
  for (const blob of [gzip, halves, zstdCompressSync(tar), frames, skippable])
    assert.deepEqual((await build(tar, {}, blob)).image, image);
});

test('only the order of names matters, not that of the entries', async () => {
  const entries: TarEntrySpec[] = ['b', 'a', 'c'].map((path) => ({ path, type: 'directory' }));
  const uuid = (image: Buffer): Buffer => {
    const copy = Buffer.from(image);
    copy.fill(0, 1024 + 4, 1024 + 8).fill(0, 1024 + 48, 1024 + 64);
    return copy;
  };
  const forwards = await build(makeTar(entries));
  const backwards = await build(makeTar(entries.toReversed()));
  assert.deepEqual(uuid(forwards.image), uuid(backwards.image));
});

const hostile: readonly (readonly [what: string, entries: TarEntrySpec[], message: RegExp])[] = [
  ['a path out of the layer', [{ path: '../evil' }], /entry "\.\.\/evil": a path leads out/],
  ['an absolute path out of it', [{ path: '/a/../../evil' }], /leads out of the layer/],
  [
    'a hard link out of it',
    [{ path: 'l', type: 'hardlink', linkTarget: '../../etc/passwd' }],
    /entry "l": a path leads out/,
  ],
  [
    'a hard link to nothing',
    [{ path: 'l', type: 'hardlink', linkTarget: 'no' }],
    /entry "l": it is a hard link to no, which is not in/,
  ],
  [
    'a hard link to a directory',
    [
      { path: 'd', type: 'directory' },
      { path: 'l', type: 'hardlink', linkTarget: 'd' },
    ],
    /is a directory/,
  ],
  [
    'a hard link through a symbolic link',
    [
      { path: 'd/f' },
      { path: 's', type: 'symlink', linkTarget: 'd' },
      { path: 'l', type: 'hardlink', linkTarget: 's/f' },
    ],
    /not in the layer/,
  ],
  [
    'a file below a symbolic link',
    [{ path: 's', type: 'symlink', linkTarget: '/etc' }, { path: 's/passwd' }],
    /entry "s\/passwd": \/s is above it/,
  ],
  ['a file below a file', [{ path: 'f' }, { path: 'f/g' }], /\/f is above it and is not a directory/],
  [
    'a whiteout below a symbolic link',
    [{ path: 's', type: 'symlink', linkTarget: '/etc' }, { path: 's/.wh.passwd' }],
    /above it/,
  ],
  ['a whiteout of nothing', [{ path: 'a/.wh.' }], /whiteout marks nothing/],
  ['a whiteout of the parent', [{ path: 'a/.wh...' }], /whiteout marks nothing/],
  ['a root that is a file', [{ path: './', type: 'fifo' }], /the layer's root is a fifo/],
  ['an endless name', [{ path: 'n'.repeat(256) }], /256 bytes, over 255/],
  ['an endless path', [{ path: 'n/'.repeat(2500) + 'f' }], /over 4096/],
  ['a link to nowhere', [{ path: 'l', type: 'symlink', linkTarget: '' }], /target of 0 bytes/],
  ['an endless link', [{ path: 'l', type: 'symlink', linkTarget: 'x'.repeat(4096) }], /target of 4096 bytes/],
  ['an impossible device', [{ path: 'c', type: 'character-device', device: [4096, 0] }], /impossible number 4096:0/],
  [
    'an endless attribute',
    [{ path: 'f', xattrs: { 'user.a': 'x'.repeat(65536) } }],
    /entry "f": extended attribute user.a has 65536/,
  ],
  [
    'endless attributes of the root',
    [{ path: '/', type: 'directory', xattrs: { 'user.a': 'x'.repeat(4000) } }],
    /root directory's extended/,
  ],
];

for (const [what, entries, message] of hostile)
  test(`${what} is refused, and nothing is left`, async () => {
    const before = readdirSync(folder);
    await assert.rejects(build(makeTar(entries)), (error) => {
      assert.ok(error instanceof EngineError);
      assert.equal(error.code, 'invalid-layer');
      assert.match(error.message, /^Layer the-layer/);
      assert.match(error.message, message);
      return true;
    });
    assert.deepEqual(readdirSync(folder), before);
  });

test('a layer of many names waits for its turn once, and gives it back, also when it is refused', async () => {
  const tar = makeTar(Array.from({ length: 20 }, (_, number) => ({ path: `f${number}` })));
  for (const [limits, turns] of [
    [{ entries: 100, bytes: 1e6, large: 5 }, 1],
    [{ entries: 100, bytes: 1e6, large: 50 }, 0],
    [{ entries: 15, bytes: 1e6, large: 5 }, 1],
  ] as const) {
    const told: string[] = [];
    const large = () => {
      told.push('begun');
      return Promise.resolve({ [Symbol.dispose]: () => void told.push('over') });
    };
    const building = build(tar, { limits, large });
    if (limits.entries < 20) await assert.rejects(building, /over 15 names/);
    else await building;
    assert.deepEqual(told, turns === 0 ? [] : ['begun', 'over']);
  }
});

test('bombs end at the limits', async () => {
  const limits = { entries: 10, bytes: 1_000_000 };
  const names = Array.from({ length: 11 }, (_, index) => ({ path: `f${index}` }));
  await assert.rejects(build(makeTar(names), { limits }), /over 10 names/);
  await assert.rejects(build(makeTar([{ path: 'a/a/a/a/a/a/a/a/a/a/a/a/f' }]), { limits }), /over 10 names/);
  const long = ['a', 'b'].map((name) => ({ path: name.repeat(255) }));
  await assert.rejects(build(makeTar(long), { limits }), /entry "b+": the layer's names take over 480 bytes/);
  const zeros = makeTar([{ path: 'f', data: Buffer.alloc(2_000_000) }]);
  await assert.rejects(build(zeros, { limits }, gzipSync(zeros)), /over 1000000 bytes/);
});

test('a stream that is cut off or damaged, and a wrong diffID, are refused', async () => {
  const tar = makeTar([{ path: 'f', data: Buffer.alloc(100_000, 'abcdefg') }]);
  const gzip = gzipSync(tar);
  const damaged = Buffer.from(gzip);
  damaged.fill(0xff, 40, 60);
  for (const blob of [gzip.subarray(0, 200), damaged, zstdCompressSync(tar).subarray(0, 60), tar.subarray(0, 5000)])
    await assert.rejects(build(tar, {}, blob), { code: 'invalid-layer' });
  const diffId = sha256(Buffer.from('another'));
  await assert.rejects(build(tar, { diffId }), {
    code: 'invalid-layer',
    message: new RegExp(`configuration says ${diffId}`),
  });
});

test('cancelling stops the work and leaves nothing', async () => {
  const before = readdirSync(folder);
  const controller = new AbortController();
  const tar = makeTar([{ path: 'f', data: Buffer.alloc(100_000) }]);
  const onProgress = () => controller.abort();
  await assert.rejects(build(tar, { signal: controller.signal, onProgress }), { code: 'cancelled' });
  assert.deepEqual(readdirSync(folder), before);
});

test('no sequence of entries breaks the writer other than by refusal', async () => {
  const name = fc.constantFrom('a', 'b', 'c', '.wh.a', '.wh..wh..opq', '..', '.');
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
  const type = fc.constantFrom('file', 'directory', 'symlink', 'hardlink', 'fifo', 'character-device' as const);
  const entry = fc.record({ path, type, linkTarget: path });
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 12 }), async (entries) => {
      try {
        await build(makeTar(entries));
      } catch (error) {
        if (!(error instanceof EngineError) || error.code !== 'invalid-layer') throw error;
      }
    }),
    { numRuns: 150 },
  );
});

/** Images in and out as archives: what is saved is loaded again as it was, and Docker's old archives are read. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { ContentStore } from '../../../../app/content/store.ts';
import { openStore } from '../../../../app/content/store.ts';
import { makeOciLayout } from '../../../support/oci-layout.ts';
import { makeTar, type TarEntrySpec } from '../../../support/tar.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const files = [[{ path: 'etc/os-release', data: 'NAME=test\n' }], [{ path: 'hello', data: Buffer.alloc(70_000, 'x') }]];
const amd64 = { os: 'linux', architecture: 'amd64', variant: undefined };
const hex = (digest: string): string => digest.slice('sha256:'.length);
const sha256 = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

async function* pieces(bytes: Buffer, size = 10_000): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

async function all(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const piece of stream) parts.push(piece);
  return Buffer.concat(parts);
}

interface Made {
  readonly store: ContentStore;
  readonly path: string;
  readonly layout: string;
}

async function made(t: { after(fn: () => Promise<void>): void }): Promise<Made> {
  const path = await temporaryFolder(t);
  const store = await openStore(join(path, 'store'));
  t.after(async () => {
    await Promise.resolve();
    store.close();
  });
  return { store, path: join(path, 'store'), layout: join(path, 'layout') };
}

const blobs = (path: string): string[] => readdirSync(join(path, 'blobs/sha256')).sort();

test('what is saved is the same each time, and the same images when it is loaded elsewhere', async (t) => {
  const { store, layout } = await made(t);
  makeOciLayout(layout, files, { Cmd: ['sh'] }, { reference: 'team/app:v1' });
  makeOciLayout(layout, files.slice(0, 1), {}, { reference: 'team/app:v2', compression: 'zstd' });
  await store.load(layout);
  store.tag('team/app:v1', 'again:latest');
  const wanted = ['team/app:v1', 'again', 'team/app:v2'];
  const bytes = await all(store.save(wanted));
  assert.ok(bytes.equals(await all(store.save([...wanted, 'again']))));
  const other = await made(t);
  const loaded = await other.store.load(pieces(bytes));
  const given = loaded.flatMap((image) => image.given).sort();
  assert.deepEqual(given, ['docker.io/library/again:latest', 'docker.io/team/app:v1', 'docker.io/team/app:v2']);
  assert.deepEqual(other.store.list(), store.list());
  assert.ok(bytes.equals(await all(other.store.save(wanted))));
  for (const image of other.store.list()) assert.ok((await other.store.layers(image)).length > 0);
});

test('an image saved by its ID brings no name along; what is not here cannot be saved', async (t) => {
  const { store, layout } = await made(t);
  const { configDigest } = makeOciLayout(layout, files, {}, { reference: 'team/app:v1' });
  await store.load(layout);
  const other = await made(t);
  const [loaded] = await other.store.load(pieces(await all(store.save([configDigest]))));
  assert.deepEqual([loaded?.given, loaded?.references, loaded?.configDigest], [[], [], configDigest]);
  assert.throws(() => store.save(['none']), { code: 'no-such-image' });
});

test('a platform list is saved and loaded whole', async (t) => {
  const { store, layout } = await made(t);
  makeOciLayout(layout, files);
  makeOciLayout(layout, [[{ path: 'arm' }]], {}, { architecture: 'arm64' });
  await store.load(layout, { reference: 'multi' });
  const other = await made(t);
  await other.store.load(pieces(await all(store.save(['multi']))));
  assert.equal(other.store.named('docker.io/library/multi:latest').length, 2);
});

/** As Docker before 25 writes it: a folder for each layer, one of them a link to another. */
function oldArchive(options: { links?: boolean; damage?: (entries: TarEntrySpec[]) => TarEntrySpec[] } = {}): {
  archive: Buffer;
  config: Buffer;
  layers: Buffer[];
} {
  const layers = files.map((entries) => makeTar(entries));
  const config = Buffer.from(
    JSON.stringify({
      os: 'linux',
      architecture: 'amd64',
      config: { Cmd: ['sh'] },
      rootfs: { type: 'layers', diff_ids: [...layers, ...layers.slice(0, 1)].map(sha256) },
    }),
  );
  const name = `${hex(sha256(config))}.json`;
  const folders = ['aaa', 'bbb', 'ccc'].map((letter) => letter.repeat(21));
  const members = folders.flatMap((folder, index): TarEntrySpec[] => [
    { path: `${folder}/`, type: 'directory' },
    { path: `${folder}/VERSION`, data: '1.0' },
    { path: `${folder}/json`, data: JSON.stringify({ id: folder }) },
    index === 2
      ? { path: `${folder}/layer.tar`, type: 'symlink', linkTarget: `../${folders[0] ?? ''}/layer.tar` }
      : { path: `${folder}/layer.tar`, data: layers[index] ?? '' },
  ]);
  const list = [{ Config: name, RepoTags: ['old:1', 'old:2'], Layers: folders.map((folder) => `${folder}/layer.tar`) }];
  const entries: TarEntrySpec[] = [
    ...members,
    { path: name, data: config },
    { path: 'manifest.json', data: JSON.stringify(list) },
    { path: 'repositories', data: '{}' },
  ];
  return { archive: makeTar(options.damage?.(entries) ?? entries), config, layers };
}

for (const [packing, pack] of [
  ['plain', (bytes: Buffer) => bytes],
  ['gzip', (bytes: Buffer) => gzipSync(bytes)],
  ['zstd', (bytes: Buffer) => zstdCompressSync(bytes)],
] as const)
  test(`a docker-archive of the old shape is loaded (${packing})`, async (t) => {
    const { store, path } = await made(t);
    const { archive, config, layers } = oldArchive();
    const [image, ...more] = await store.load(pieces(pack(archive)));
    assert.equal(more.length, 0);
    assert.deepEqual(image?.given, ['docker.io/library/old:1', 'docker.io/library/old:2']);
    assert.equal(image.configDigest, sha256(config));
    const stack = await store.layers(image);
    assert.equal(stack.length, 3);
    assert.equal(stack[0]?.diffId, stack[2]?.diffId);
    // What only the archive's shape needed is not kept.
    const kept = [image.manifestDigest, image.configDigest, ...layers.map(sha256)].map(hex).sort();
    assert.deepEqual(blobs(path), kept);
    assert.equal((await store.check({ repair: false })).problems.length, 0);
  });

test('a broken docker-archive is refused with what is wrong, and leaves nothing', async (t) => {
  const { store, path } = await made(t);
  const without = (part: string) => (entries: TarEntrySpec[]) =>
    entries.filter((entry) => !String(entry.path).includes(part));
  const other = (entries: TarEntrySpec[]) =>
    entries.map((entry) => (String(entry.path).startsWith('bbb') && entry.data ? { ...entry, data: 'other' } : entry));
  const out = (entries: TarEntrySpec[]) =>
    entries.map((entry) => (entry.type === 'symlink' ? { ...entry, linkTarget: '../../../etc/passwd' } : entry));
  for (const [damage, message] of [
    [without('manifest.json'), /neither index.json nor manifest.json/],
    [without('bbb'), /"bbb.*layer.tar", which is not in it/],
    [other, /layer bbb.* is sha256:.*, the image's configuration says/],
    [out, /leads out/],
  ] as const)
    await assert.rejects(store.load(pieces(oldArchive({ damage }).archive)), { message });
  await assert.rejects(store.load(pieces(oldArchive().archive.subarray(0, 5000))), { code: 'invalid-argument' });
  assert.deepEqual([store.list(), blobs(path), readdirSync(join(path, 'ingest'))], [[], [], []]);
});

test('a damaged blob ends a save with its name', async (t) => {
  const { store, path, layout } = await made(t);
  const { layers } = makeOciLayout(layout, files, {}, { reference: 'a:1' });
  await store.load(layout);
  const digest = layers[1]?.digest ?? '';
  const file = join(path, 'blobs/sha256', hex(digest));
  const bytes = readFileSync(file);
  writeFileSync(file, Buffer.from(bytes.map((byte, index) => (index === 20 ? byte ^ 1 : byte))));
  await assert.rejects(all(store.save(['a:1'])), { code: 'corrupt-content', message: new RegExp(digest) });
});

test('what is being saved is not swept when its image goes', async (t) => {
  const { store, path, layout } = await made(t);
  makeOciLayout(layout, files, {}, { reference: 'a:1' });
  await store.load(layout);
  const whole = await all(store.save(['a:1']));
  const saving = store.save(['a:1']);
  const first = (await saving.next()).value as Buffer;
  await store.remove('a:1');
  assert.ok(Buffer.concat([first, await all(saving)]).equals(whole));
  assert.deepEqual(blobs(path), []);
  assert.throws(() => store.resolve('a:1', amd64), { code: 'no-such-image' });
});

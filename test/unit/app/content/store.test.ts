import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { ContentStore } from '../../../../app/content/store.ts';
import { openStore } from '../../../../app/content/store.ts';
import { layoutArchive, makeOciLayout } from '../../../support/oci-layout.ts';

const root = mkdtempSync(join(tmpdir(), 'berth-store-'));
after(() => rmSync(root, { recursive: true }));
let serial = 0;
const amd64 = { os: 'linux', architecture: 'amd64', variant: undefined };
const arm64 = { os: 'linux', architecture: 'arm64', variant: 'v8' };
const files = [[{ path: 'etc/os-release', data: 'NAME=test\n' }], [{ path: 'hello', data: 'hello\n' }]];

const folder = (): string => join(root, String(++serial));
const blobs = (store: string): string[] => readdirSync(join(store, 'blobs/sha256')).sort();
const images = (store: string): string[] => readdirSync(join(store, 'erofs')).sort();

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes);
}

async function withStore(work: (store: ContentStore, path: string) => Promise<void>): Promise<void> {
  const path = folder();
  const store = await openStore(path);
  try {
    await work(store, path);
  } finally {
    store.close();
  }
}

for (const kind of ['folder', 'archive', 'compressed archive'] as const)
  test(`an OCI layout as a ${kind} is imported, resolved, and found again after reopening`, async () => {
    const layout = folder();
    const made = makeOciLayout(layout, files, { Cmd: ['sh'], Env: null }, { reference: 'team/app:v1' });
    const path = folder();
    const store = await openStore(path);
    const archive = () => layoutArchive(layout);
    const source = kind === 'folder' ? layout : once(kind === 'archive' ? archive() : gzipSync(archive()));
    const [image] = await store.load(source);
    assert.equal(image?.manifestDigest, made.manifestDigest);
    assert.deepEqual(image.references, ['docker.io/team/app:v1']);
    store.close();
    const again = await openStore(path);
    const found = again.resolve('team/app:v1', amd64);
    assert.deepEqual({ ...found, given: found.references }, image);
    assert.deepEqual(
      found.layers.map(({ digest, diffId }) => ({ digest, diffId })),
      made.layers,
    );
    const config = await again.config(found);
    assert.deepEqual(config.config?.Cmd, ['sh']);
    assert.equal(config.config.Env, undefined);
    const layers = await again.layers(found);
    assert.deepEqual(
      layers.map(({ diffId }) => diffId),
      made.layers.map(({ diffId }) => diffId),
    );
    assert.ok(layers.every(({ erofsPath }) => existsSync(erofsPath)));
    again.close();
  });

test('every way to name an image finds it; others are told apart', async () => {
  await withStore(async (store) => {
    const layout = folder();
    const { manifestDigest, configDigest } = makeOciLayout(layout, files);
    await store.load(layout, { reference: 'busybox' });
    const id = configDigest.slice('sha256:'.length);
    for (const name of [
      'busybox',
      'docker.io/library/busybox:latest',
      `busybox@${manifestDigest}`,
      id,
      id.slice(0, 12),
      configDigest,
      manifestDigest,
    ])
      assert.equal(store.resolve(name, amd64).manifestDigest, manifestDigest, name);
    assert.throws(() => store.resolve('busybox:other', amd64), {
      code: 'no-such-image',
      hint: /berth image import FOLDER busybox:other/,
    });
    assert.throws(() => store.resolve(`other@${manifestDigest}`, amd64), { code: 'no-such-image' });
    assert.throws(() => store.resolve('0000000000', amd64), { code: 'no-such-image' });
    assert.throws(() => store.resolve('Bad Name', amd64), { code: 'invalid-argument' });
    assert.throws(() => store.resolve('busybox', arm64), {
      code: 'wrong-platform',
      message: /is for linux\/amd64, not for linux\/arm64\/v8/,
    });
  });
});

test('one name holds several platforms', async () => {
  await withStore(async (store) => {
    const layout = folder();
    const first = makeOciLayout(layout, files);
    const second = makeOciLayout(layout, [[{ path: 'arm' }]], {}, { architecture: 'arm64' });
    await store.load(layout, { reference: 'multi' });
    assert.equal(store.resolve('multi', amd64).manifestDigest, first.manifestDigest);
    assert.equal(store.resolve('multi', arm64).manifestDigest, second.manifestDigest);
    assert.equal((await store.remove('multi')).deleted.length, 2);
    assert.deepEqual(store.list(), []);
  });
});

test('tags share an image; the last name takes it away, files too', async () => {
  await withStore(async (store, path) => {
    const layout = folder();
    const { configDigest } = makeOciLayout(layout, files);
    await store.load(layout, { reference: 'a' });
    await store.layers(store.resolve('a', amd64));
    store.tag('a', 'b:2');
    assert.deepEqual(store.resolve('b:2', amd64).references, ['docker.io/library/a:latest', 'docker.io/library/b:2']);
    assert.throws(() => store.tag('a', 'UPPER'), { code: 'invalid-argument' });
    assert.throws(() => store.tag('none', 'x'), { code: 'no-such-image' });
    await assert.rejects(store.remove(configDigest), { code: 'in-use' });
    assert.deepEqual(await store.remove('a'), { untagged: ['docker.io/library/a:latest'], deleted: [], freed: 0 });
    assert.equal(blobs(path).length, 4);
    const { deleted, freed } = await store.remove('b:2');
    assert.equal(deleted.length, 1);
    assert.ok(freed > 8192);
    assert.deepEqual([blobs(path), images(path)], [[], []]);
    await assert.rejects(store.remove('b:2'), { code: 'no-such-image' });
  });
});

test('what two images share stays until both are gone', async () => {
  await withStore(async (store, path) => {
    const [base = []] = files;
    const layout = folder();
    const made = makeOciLayout(layout, [base], {}, { reference: 'one:1' });
    makeOciLayout(layout, [base, [{ path: 'more' }]], {}, { reference: 'two:1' });
    await store.load(layout);
    for (const image of store.list()) await store.layers(image);
    assert.equal(images(path).length, 2);
    await store.remove('two:1');
    assert.deepEqual(images(path), [`${made.layers[0]?.diffId.slice('sha256:'.length)}.erofs`]);
    assert.equal(blobs(path).length, 3);
    assert.equal((await store.layers(store.resolve('one:1', amd64))).length, 1);
  });
});

test('a layer is built once, also by two callers at a time', async () => {
  await withStore(async (store) => {
    const layout = folder();
    makeOciLayout(layout, files, {}, { compression: 'zstd' });
    const [image] = await store.load(layout);
    assert.ok(image);
    const begun: string[] = [];
    const onProgress = (diffId: string, unpacked: number) => {
      begun.push(`${diffId} ${unpacked}`);
    };
    const told: string[] = [];
    const onBuilt = ({ diffId }: { diffId: string }) => void told.push(diffId);
    const options = { onProgress, onBuilt };
    const [one, two] = await Promise.all([store.layers(image, options), store.layers(image, options)]);
    assert.deepEqual(one, two);
    assert.equal(new Set(begun).size, begun.length);
    const built = begun.length;
    await store.layers(image, options);
    assert.equal(begun.length, built);
    assert.deepEqual(told.sort(), image.layers.map(({ diffId }) => diffId).sort());
  });
});

test('layers below one that is opaque at its root are left out', async () => {
  await withStore(async (store) => {
    const layout = folder();
    const { layers } = makeOciLayout(layout, [...files, [{ path: '.wh..wh..opq' }, { path: 'only' }]]);
    const [image] = await store.load(layout);
    assert.ok(image);
    for (let turn = 0; turn < 2; turn++)
      assert.deepEqual(
        (await store.layers(image)).map(({ diffId }) => diffId),
        [layers[2]?.diffId],
      );
  });
});

test('damage is found and named: in the layout, and later in the store', async () => {
  await withStore(async (store, path) => {
    const layout = folder();
    const { layers, configDigest } = makeOciLayout(layout, files);
    const [layer] = layers;
    assert.ok(layer);
    const file = (base: string, digest: string) => join(base, 'blobs/sha256', digest.slice('sha256:'.length));
    const [image] = await store.load(layout);
    assert.ok(image);
    writeFileSync(file(path, layer.digest), 'damaged');
    await assert.rejects(store.layers(image), { code: 'corrupt-content', message: new RegExp(layer.digest) });
    rmSync(file(path, layer.digest));
    await assert.rejects(store.layers(image), { code: 'corrupt-content', message: /missing/ });
    writeFileSync(file(path, configDigest), '{}');
    await assert.rejects(store.config(image), { code: 'corrupt-content', message: new RegExp(configDigest) });

    writeFileSync(file(layout, layer.digest), 'damaged');
    await withStore(async (other, otherPath) => {
      for (const source of [layout, once(layoutArchive(layout))])
        await assert.rejects(other.load(source), {
          code: 'corrupt-content',
          message: new RegExp(layer.digest),
        });
      assert.deepEqual([other.list(), blobs(otherPath), readdirSync(join(otherPath, 'ingest'))], [[], [], []]);
    });
  });
});

test('an image whose layer is not what its configuration says is refused as such', async () => {
  await withStore(async (store, path) => {
    const layout = folder();
    makeOciLayout(layout, [[{ path: 'a' }, { path: 'a/b' }]]);
    const [image] = await store.load(layout);
    assert.ok(image);
    await assert.rejects(store.layers(image), {
      code: 'invalid-layer',
      message: new RegExp(image.layers[0]?.digest ?? ''),
    });
    assert.deepEqual(images(path), []);
  });
});

test('what is no layout is refused', async () => {
  await withStore(async (store) => {
    const empty = folder();
    makeOciLayout(empty, files);
    rmSync(join(empty, 'index.json'));
    await assert.rejects(store.load(empty), { code: 'invalid-argument', message: /no index.json/ });
    for (const bytes of [Buffer.from('hello'), Buffer.alloc(1024), gzipSync('x').subarray(0, 15)])
      await assert.rejects(store.load(once(bytes)), { code: 'invalid-argument' });
    writeFileSync(join(empty, 'index.json'), '{"schemaVersion":2,"manifests":[{"mediaType":"x"}]}');
    await assert.rejects(store.load(empty), { code: 'corrupt-content', message: /manifests\.0\.digest/ });
  });
});

test('garbage is what no record mentions', async () => {
  await withStore(async (store, path) => {
    const layout = folder();
    makeOciLayout(layout, files, {}, { reference: 'kept:1' });
    await store.load(layout);
    await store.layers(store.resolve('kept:1', amd64));
    const kept = [blobs(path), images(path)];
    const orphan = 'f'.repeat(64);
    writeFileSync(join(path, 'blobs/sha256', orphan), 'left by a crash');
    writeFileSync(join(path, 'erofs', `${orphan}.erofs`), 'left by a crash');
    writeFileSync(join(path, 'erofs', `${orphan}.erofs.4194304999-00000000.part`), 'half');
    writeFileSync(join(path, 'ingest', `${orphan}.4194304999-00000000.part`), 'half');
    assert.ok((await store.collectGarbage()) > 0);
    assert.deepEqual([blobs(path), images(path), readdirSync(join(path, 'ingest'))], [...kept, []]);
  });
});

test('a damaged index is told, not overwritten', async () => {
  const path = folder();
  (await openStore(path)).close();
  rmSync(join(path, 'index.db'));
  writeFileSync(join(path, 'index.db'), 'x'.repeat(8192));
  await assert.rejects(openStore(path), { code: 'corrupt-content', message: /index\.db/ });
});

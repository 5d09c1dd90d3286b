import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { openStore, type ContentStore } from '../../../../app/content/store.ts';
import { makeOciLayout } from '../../../support/oci-layout.ts';
import { makeTar } from '../../../support/tar.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const platform = { os: 'linux', architecture: 'amd64', variant: undefined };
const tar = makeTar([{ path: 'etc/new', data: 'new\n' }]);
const config = { ...platform, created: '2026-01-02T03:04:05Z', author: 'me', history: [], config: { Cmd: ['sh'] } };

async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes);
}

async function storeIn(t: TestContext): Promise<{ store: ContentStore; blobs: () => string[]; folder: string }> {
  const folder = await temporaryFolder(t);
  const store = await openStore(join(folder, 'content'));
  t.after(() => store.close());
  return { store, folder, blobs: () => readdirSync(join(folder, 'content/blobs/sha256')).sort() };
}

for (const [name, layer] of [
  ['plain', tar],
  ['compressed', gzipSync(tar)],
] as const)
  test(`an image of one ${name} layer is stored, found by its name, and its layer built`, async (t) => {
    const { store } = await storeIn(t);
    const image = await store.createImage({ layer: pieces(layer), config, reference: 'made:1' });
    assert.deepEqual(image.references, ['docker.io/library/made:1']);
    assert.equal(image.layers.length, 1);
    assert.deepEqual(store.resolve('made:1', platform), image);
    const stored = await store.config(image);
    assert.deepEqual(stored.rootfs.diff_ids, [image.layers[0]?.diffId]);
    assert.equal(stored.author, 'me');
    assert.equal((await store.layers(image)).length, 1);
  });

test('the base keeps its layers, which lie below; the same draft is the same image', async (t) => {
  const { store, folder } = await storeIn(t);
  makeOciLayout(join(folder, 'layout'), [[{ path: 'base', data: 'x' }]], {}, { reference: 'team/base:1' });
  const [base] = await store.load(join(folder, 'layout'));
  const made = () => store.createImage({ base, layer: pieces(tar), config });
  const image = await made();
  assert.equal(image.layers.length, 2);
  assert.equal(image.layers[0]?.digest, base?.layers[0]?.digest);
  assert.deepEqual(image.references, []);
  assert.equal((await made()).manifestDigest, image.manifestDigest);
  await store.remove('team/base:1');
  await store.collectGarbage();
  assert.equal((await store.layers(image)).length, 2, 'what the new image needs stays');
});

test('a layer that is no archive, a bad name and a caller that leaves change nothing', async (t) => {
  const { store, blobs } = await storeIn(t);
  const draft = { layer: pieces(tar), config };
  await assert.rejects(store.createImage({ ...draft, layer: pieces(Buffer.alloc(1024, 'x')) }), {
    code: 'invalid-layer',
  });
  await assert.rejects(store.createImage({ ...draft, reference: 'Not A Name' }), { code: 'invalid-argument' });
  await assert.rejects(store.createImage({ ...draft, signal: AbortSignal.abort() }), { code: 'cancelled' });
  assert.deepEqual([blobs(), store.list()], [[], []]);
});

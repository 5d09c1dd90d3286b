/** Two operations on one store at the same time: neither fails by the other, and nothing that was reported is lost. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { ContentStore } from '../../../../app/content/store.ts';
import { openStore } from '../../../../app/content/store.ts';
import type { Digest } from '../../../../app/content/digest.ts';
import type { NewImage } from '../../../../app/content/image-index.ts';
import { makeOciLayout } from '../../../support/oci-layout.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { makeTar } from '../../../support/tar.ts';

const amd64 = { os: 'linux', architecture: 'amd64', variant: undefined };

async function opened(t: TestContext): Promise<{ store: ContentStore; path: string; layout: string }> {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'store');
  const store = await openStore(path);
  t.after(() => store.close());
  return { store, path, layout: join(folder, 'layout') };
}

/** The store's blobs in the order in which a sweep comes to them. */
const order = (path: string): Digest[] =>
  readdirSync(join(path, 'blobs/sha256')).map((name): Digest => `sha256:${name}`);

/** A record of blobs that are there: the store does not look into them again. */
function recordOf([manifest, config, layer]: readonly Digest[], architecture = 'amd64'): NewImage {
  const digest = (one: Digest | undefined): Digest => one ?? 'sha256:';
  return {
    manifestDigest: digest(manifest),
    configDigest: digest(config),
    platform: { ...amd64, architecture },
    created: undefined,
    layers: [{ digest: digest(layer), diffId: digest(layer), mediaType: '', size: 1 }],
  };
}

test('a pull that finds blobs of an image which is being removed keeps them', async (t) => {
  const { store, path, layout } = await opened(t);
  const layers = Array.from({ length: 40 }, (_, number) => [{ path: 'f', data: `layer ${number}` }]);
  makeOciLayout(layout, layers, {}, { reference: 'old:1' });
  await store.load(layout);
  // A sweep comes to these last, when the pull has long been recorded and holds nothing any more.
  const shared = order(path).slice(-3);
  const image = recordOf(shared);
  const removing = store.remove('old:1');
  const pulling = store.pull('docker.io/library/new:1', async ({ blobs, pin }) => {
    for (const digest of shared) {
      pin(digest);
      assert.ok(await blobs.isWhole(digest));
    }
    return { target: image.manifestDigest, images: [image] };
  });
  await Promise.all([pulling, removing]);
  assert.deepEqual(order(path).sort(), [...shared].sort());
  assert.equal(store.list().length, 1);
});

test('a layer that was built while others are being removed stays', async (t) => {
  const { store, path, layout } = await opened(t);
  const layers = Array.from({ length: 30 }, (_, number) => [{ path: 'f', data: `layer ${number}` }]);
  makeOciLayout(layout, layers, {}, { reference: 'old:1' });
  const [image] = await store.load(layout);
  assert.ok(image);
  await store.layers(image);
  const last = readdirSync(join(path, 'erofs')).at(-1) ?? '';
  const layer = image.layers.find(({ diffId }) => last.startsWith(diffId.slice('sha256:'.length)));
  assert.ok(layer);
  const removing = store.remove('old:1');
  // The sweep of layers has begun.
  while (readdirSync(join(path, 'erofs')).length === layers.length) await setImmediate();
  const { manifestDigest, configDigest } = image;
  const again = { ...recordOf([manifestDigest, configDigest]), layers: [layer] };
  await store.pull('docker.io/library/new:1', () => Promise.resolve({ target: manifestDigest, images: [again] }));
  await removing;
  assert.deepEqual(readdirSync(join(path, 'erofs')), [last]);
});

test('large layers of one image are built, one after the other', async (t) => {
  const { store, layout } = await opened(t);
  const layers = ['a', 'b', 'c'].map((name) => Array.from({ length: 200 }, (_, n) => ({ path: `${name}${n}` })));
  makeOciLayout(layout, layers, {}, { reference: 'large:1' });
  const [image] = await store.load(layout);
  assert.ok(image);
  const built = await store.layers(image, { limits: { entries: 1000, bytes: 1e9, large: 10 } });
  assert.equal(built.length, 3);
});

test('sweeps at the same time do not fail by each other, and each blob is counted once', async (t) => {
  const { store, path } = await opened(t);
  for (let round = 0; round < 3; round++) {
    let bytes = 0;
    for (let number = 0; number < 60; number++) {
      const content = Buffer.alloc(5000, `${round} ${number} `);
      const name = createHash('sha256').update(content).digest('hex');
      writeFileSync(join(path, 'blobs/sha256', name), content);
      writeFileSync(join(path, 'erofs', `${name}.erofs`), content);
      bytes += 2 * 8192;
    }
    const [first, second] = await Promise.all([store.collectGarbage(), store.collectGarbage(), store.cleanUp()]);
    const [third] = [await store.collectGarbage()];
    assert.ok(first + second + third <= bytes, `${first} + ${second} + ${third} of ${bytes}`);
    for (const folder of ['blobs/sha256', 'erofs', 'ingest']) assert.deepEqual(readdirSync(join(path, folder)), []);
  }
});

test('two platforms of one index that are pulled at the same time are both there', async (t) => {
  const { store, path, layout } = await opened(t);
  makeOciLayout(layout, [[{ path: 'a' }], [{ path: 'b' }], [{ path: 'c' }], [{ path: 'd' }]], {}, { reference: 'x:1' });
  await store.load(layout);
  const [index = 'sha256:', ...rest] = order(path);
  const reference = 'docker.io/library/multi:1';
  const both = Promise.withResolvers<undefined>();
  let begun = 0;
  const pull = (image: NewImage) =>
    store.pull(reference, async () => {
      if (++begun === 2) both.resolve(undefined);
      await both.promise;
      return { target: index, images: [image] };
    });
  await Promise.all([pull(recordOf(rest, 'amd64')), pull(recordOf(rest.slice(1), 'arm64'))]);
  const platforms = store.named(reference).map(({ platform }) => platform.architecture);
  assert.deepEqual(platforms.sort(), ['amd64', 'arm64']);
});

test('an image whose base goes while it is made is refused, and leaves nothing', async (t) => {
  const { store, path, layout } = await opened(t);
  makeOciLayout(layout, [[{ path: 'a' }]], {}, { reference: 'base:1' });
  const [base] = await store.load(layout);
  await store.remove('base:1');
  const config = { created: undefined, author: undefined, ...amd64, config: {}, history: [] };
  const bytes = async function* () {
    yield await Promise.resolve(makeTar([{ path: 'new' }]));
  };
  const making = store.createImage({ base, layer: bytes(), config, reference: 'made:1' });
  await assert.rejects(making, { code: 'no-such-image', message: /base of the new image was removed/ });
  assert.deepEqual([store.list(), readdirSync(join(path, 'blobs/sha256'))], [[], []]);
});

test('what a crash left of a pull is kept for the next one, and goes by a prune', async (t) => {
  const { store, path } = await opened(t);
  const name = createHash('sha256').update('whole').digest('hex');
  writeFileSync(join(path, 'blobs/sha256', name), 'whole');
  await store.cleanUp();
  assert.ok(existsSync(join(path, 'ingest', `${name}.resume`)));
  assert.ok((await store.collectGarbage()) > 0);
  assert.deepEqual([readdirSync(join(path, 'ingest')), readdirSync(join(path, 'blobs/sha256'))], [[], []]);
});

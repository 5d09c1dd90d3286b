/** Indexes whose entries are indexes themselves (OCI image specification, image-index.md, `manifests`). */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fakeRegistry } from '../../../support/fake-registry.ts';
import { addBlob, makeOciLayout } from '../../../support/oci-layout.ts';
import { amd64, ownClient, plain } from '../../../support/registry-client.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const mediaType = 'application/vnd.oci.image.index.v1+json';
const arm64 = { ...amd64, architecture: 'arm64' };

/** Images of two platforms in an index within so many others, each of which mentions the next one so often. */
async function nested(t: TestContext, depth: number, times = 1) {
  const layout = await temporaryFolder(t);
  for (const { architecture } of [amd64, arm64])
    makeOciLayout(layout, [[{ path: 'arch', data: architecture }]], {}, { architecture });
  const path = join(layout, 'index.json');
  let { manifests } = JSON.parse(readFileSync(path, 'utf8')) as { manifests: object[] };
  for (let level = 0; level <= depth; level++) {
    const index = addBlob(layout, Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests })));
    manifests = new Array<object>(times).fill({ mediaType, ...index });
  }
  writeFileSync(path, JSON.stringify({ schemaVersion: 2, manifests: manifests.slice(0, 1) }));
  return layout;
}

test('images behind inner indexes are found by their platforms; the inner indexes are not kept', async (t) => {
  const { address } = await fakeRegistry(t, await nested(t, 2));
  const { client, store, files } = await ownClient(t);
  const reference = `${address}/deep:1`;
  const pull = (platform: typeof amd64 | 'all') => client.pull({ ...plain, reference, platform, strict: true });
  await pull(arm64);
  assert.deepEqual(
    store.list().map(({ platform }) => platform.architecture),
    ['arm64'],
  );
  // The name's index, manifest, configuration and layer.
  assert.equal((await files('blobs/sha256')).length, 4);
  assert.equal((await pull(arm64)).upToDate, true);
  await assert.rejects(pull({ ...amd64, architecture: 's390x' }), { code: 'wrong-platform', message: /linux\/arm64/ });
  await pull('all');
  assert.equal(store.named(reference).length, 2);

  const other = await ownClient(t);
  await other.store.load(store.save([reference]));
  assert.deepEqual(other.store.list(), store.list());
});

test('a layout with inner indexes is loaded whole', async (t) => {
  const { store } = await ownClient(t);
  await store.load(await nested(t, 1), { reference: 'deep:1' });
  assert.equal(store.list().length, 2);
});

test('what is mentioned often is read once; what is nested too deeply is refused, and leaves nothing', async (t) => {
  const { client, store, files } = await ownClient(t);
  const wide = await fakeRegistry(t, await nested(t, 3, 1000));
  await client.pull({ ...plain, reference: `${wide.address}/wide` });
  assert.equal(store.list().length, 1);
  assert.ok(wide.asked.length < 20);
  await store.remove(`${wide.address}/wide`);
  const deep = await fakeRegistry(t, await nested(t, 4));
  await assert.rejects(client.pull({ ...plain, reference: `${deep.address}/deep` }), { code: 'unsupported' });
  assert.deepEqual([store.list(), await files('blobs/sha256')], [[], []]);
});

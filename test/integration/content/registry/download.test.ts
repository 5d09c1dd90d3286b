/** What a registry or the way to it may do to a pull. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fakeRegistry } from '../../../support/fake-registry.ts';
import type { Asked } from '../../../support/fake-registry.ts';
import { madeImage, ownClient, plain } from '../../../support/registry-client.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { until } from '../../../support/until.ts';

const MIB = 2 ** 20;
const layerOf = (made: { layers: readonly { digest: string }[] }, position = 0): string =>
  made.layers[position]?.digest ?? '';
const isFirst = (registry: { to(part: string): readonly Asked[] }, part: string): boolean =>
  registry.to(part).length === 1;

test('a connection that drops mid-layer is gone on with where it broke', async (t) => {
  const made = await madeImage(t, [3 * MIB, 1000]);
  const layer = layerOf(made);
  const registry = await fakeRegistry(t, made.layout, ({ path }, self) =>
    path.endsWith(layer) && isFirst(self, layer) ? { cutAfter: MIB + 5 } : undefined,
  );
  const { client, store, files } = await ownClient(t);
  const states: string[] = [];
  const onProgress = ({ digest, state }: { digest: string; state: string }) => digest === layer && states.push(state);
  await client.pull({ ...plain, reference: `${registry.address}/app`, onProgress });
  const [first, second, ...more] = registry.to(layer);
  assert.deepEqual(more, []);
  assert.equal(first?.headers.range, undefined);
  assert.match(second?.headers.range ?? '', /^bytes=[1-9][0-9]*-$/);
  assert.ok(states.includes('retrying'));
  assert.equal(states.at(-1), 'done');
  const [image] = store.list();
  assert.equal(image?.manifestDigest, made.manifestDigest);
  assert.deepEqual(await store.check({ repair: false }).then(({ problems }) => problems), []);
  assert.deepEqual(await files('ingest'), []);
});

test('a registry without ranges is asked anew for the whole', async (t) => {
  const made = await madeImage(t, [3 * MIB]);
  const layer = layerOf(made);
  const bytes = readFileSync(join(made.layout, 'blobs/sha256', layer.slice(7)));
  const registry = await fakeRegistry(t, made.layout, ({ path }, self) => {
    if (!path.endsWith(layer)) return undefined;
    return isFirst(self, layer) ? { cutAfter: 2 * MIB } : { status: 200, headers: {}, body: bytes };
  });
  const { client, store } = await ownClient(t);
  await client.pull({ ...plain, reference: `${registry.address}/app` });
  assert.equal(store.list().length, 1);
});

for (const [what, headers] of Object.entries<Record<string, string>>({
  'no word of which': {},
  'another part': { 'content-range': `bytes 5-${3 * MIB - 1}/${3 * MIB}` },
}))
  test(`a part with ${what} is not taken: the whole is asked for`, async (t) => {
    const made = await madeImage(t, [3 * MIB]);
    const layer = layerOf(made);
    const registry = await fakeRegistry(t, made.layout, (asked, self) => {
      if (!asked.path.endsWith(layer)) return undefined;
      if (isFirst(self, layer)) return { cutAfter: 2 * MIB };
      return asked.headers.range === undefined ? undefined : { status: 206, headers };
    });
    const { client, store } = await ownClient(t);
    await client.pull({ ...plain, reference: `${registry.address}/app` });
    assert.deepEqual(
      registry.to(layer).map(({ headers: { range = '' } }) => range.replace(/\d+/, 'N')),
      ['', 'bytes=N-', ''],
    );
    assert.equal(store.list().length, 1);
  });

test('429 and 503 are waited for as long as the registry asks, and no longer than makes sense', async (t) => {
  const made = await madeImage(t, [1000]);
  const registry = await fakeRegistry(t, made.layout, ({ path }, self) => {
    if (path.includes('/manifests/') && self.to('/manifests/').length < 3)
      return { status: 429, headers: { 'retry-after': '7' }, body: '' };
    if (path.endsWith(layerOf(made)) && isFirst(self, layerOf(made)))
      return { status: 503, headers: { 'retry-after': '3' }, body: '' };
    return undefined;
  });
  const { client, waits } = await ownClient(t);
  await client.pull({ ...plain, reference: `${registry.address}/app` });
  assert.deepEqual(waits, [7000, 7000, 3000]);
});

test('a registry that stays in trouble is told with its answer', async (t) => {
  const made = await madeImage(t, [1000]);
  const body = '{"errors":[{"code":"UNAVAILABLE","message":"out for lunch"}]}';
  const registry = await fakeRegistry(t, made.layout, () => ({ status: 503, body }));
  const { client, waits } = await ownClient(t);
  await assert.rejects(client.pull({ ...plain, reference: `${registry.address}/app` }), {
    code: 'unreachable',
    message: new RegExp(`${registry.address}/app.*answered 503 \\(out for lunch\\)`),
  });
  assert.equal(waits.length, 3);
});

for (const [what, change] of [
  ['other bytes', (bytes: Buffer) => Buffer.concat([Buffer.from('X'), bytes.subarray(1)])],
  ['fewer bytes', (bytes: Buffer) => bytes.subarray(0, 500)],
  ['more bytes', (bytes: Buffer) => Buffer.concat([bytes, bytes])],
] as const)
  test(`a layer of ${what} than its descriptor says is refused, and nothing of it is left`, async (t) => {
    const made = await madeImage(t, [1000]);
    const layer = layerOf(made);
    const bytes = change(readFileSync(join(made.layout, 'blobs/sha256', layer.slice(7))));
    const registry = await fakeRegistry(t, made.layout, ({ path }) =>
      path.endsWith(layer) ? { body: bytes } : undefined,
    );
    const { client, store, files } = await ownClient(t);
    await assert.rejects(client.pull({ ...plain, reference: `${registry.address}/app` }), {
      code: 'corrupt-content',
      message: new RegExp(layer),
    });
    assert.deepEqual(store.list(), []);
    assert.deepEqual(await files('blobs/sha256'), []);
    assert.equal(
      (await files('ingest')).some((name) => name.startsWith(layer.slice(7))),
      false,
    );
  });

test('a manifest that is not what its digest says is refused', async (t) => {
  const made = await madeImage(t, [1000]);
  const other = await madeImage(t, [1000]);
  const registry = await fakeRegistry(t, other.layout);
  const { client, store } = await ownClient(t);
  const body = readFileSync(join(other.layout, 'blobs/sha256', other.manifestDigest.slice(7)));
  const liar = await fakeRegistry(t, made.layout, ({ path }) => (path.includes('/manifests/') ? { body } : undefined));
  await assert.rejects(client.pull({ ...plain, reference: `${liar.address}/app` }), { code: 'corrupt-content' });
  await assert.rejects(client.pull({ ...plain, reference: `${registry.address}/app@${made.manifestDigest}` }), {
    code: 'no-such-image',
  });
  assert.deepEqual(store.list(), []);
});

test('a foreign layer is refused by name before any layer is asked for', async (t) => {
  const made = await madeImage(t, [1000, 1000]);
  const path = join(made.layout, 'blobs/sha256', made.manifestDigest.slice(7));
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as { mediaType: string; layers: { mediaType: string }[] };
  const [, second] = manifest.layers;
  assert.ok(second);
  second.mediaType = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';
  const body = JSON.stringify(manifest);
  const registry = await fakeRegistry(t, made.layout, (asked) =>
    asked.path.includes('/manifests/') ? { headers: { 'content-type': manifest.mediaType }, body } : undefined,
  );
  const { client } = await ownClient(t);
  await assert.rejects(client.pull({ ...plain, reference: `${registry.address}/app` }), {
    code: 'unsupported',
    message: new RegExp(`${layerOf(made, 1)} is a foreign one`),
  });
  for (const { digest } of made.layers) assert.deepEqual(registry.to(digest), []);
});

test('a cancelled pull leaves only what the next one goes on with; pruning takes that away', async (t) => {
  const made = await madeImage(t, [3 * MIB, 1000]);
  const slow = layerOf(made);
  const quick = layerOf(made, 1);
  const registry = await fakeRegistry(t, made.layout, ({ path }, self) =>
    path.endsWith(slow) && isFirst(self, slow)
      ? { holdAfter: 2 * MIB, until: new Promise(() => undefined) }
      : undefined,
  );
  const { client, store, folder, files } = await ownClient(t);
  const cancel = new AbortController();
  let quickIsDone = false;
  const pulling = client.pull({
    ...plain,
    reference: `${registry.address}/app`,
    signal: cancel.signal,
    onProgress: ({ digest, state }) => (quickIsDone ||= digest === quick && state === 'done'),
  });
  const part = await until('a part of the slow layer on disk, and the quick one whole', async () => {
    const name = (await files('ingest')).find((found) => found.startsWith(slow.slice(7))) ?? '';
    return quickIsDone && statSync(join(folder, 'content/ingest', name)).size >= MIB && name;
  });
  assert.match(part, /\.part$/);
  cancel.abort(new Error('enough'));
  await assert.rejects(pulling, /enough/);
  assert.deepEqual(await files('blobs/sha256'), []);
  const left = await files('ingest');
  assert.ok(
    left.every((name) => /^[0-9a-f]{64}\.resume$/.test(name)),
    left.join(),
  );
  assert.ok(left.includes(`${slow.slice(7)}.resume`) && left.includes(`${quick.slice(7)}.resume`));
  await client.pull({ ...plain, reference: `${registry.address}/app` });
  const [, again] = registry.to(slow);
  assert.match(again?.headers.range ?? '', /^bytes=[1-9][0-9]*-$/);
  assert.equal(registry.to(quick).length, 1);
  assert.deepEqual(await files('ingest'), []);
  writeFileSync(join(folder, 'content/ingest', `${'0'.repeat(64)}.resume`), 'left by another');
  assert.ok((await store.collectGarbage()) > 0);
  assert.deepEqual(await files('ingest'), []);
});

test('a pull whose process was killed is gone on with by the next', async (t) => {
  const made = await madeImage(t, [3 * MIB, 1000]);
  const [layer, whole] = [layerOf(made), layerOf(made, 1)];
  const registry = await fakeRegistry(t, made.layout, ({ path }, self) =>
    path.endsWith(layer) && isFirst(self, layer)
      ? { holdAfter: 2 * MIB, until: new Promise(() => undefined) }
      : undefined,
  );
  const folder = await temporaryFolder(t);
  const ingest = join(folder, 'content/ingest');
  const source = (path: string): string =>
    JSON.stringify(new URL(`../../../../app/content/${path}`, import.meta.url).href);
  const script = `
    const { openStore } = await import(${source('store.ts')});
    const { RegistryClient } = await import(${source('registry/client.ts')});
    const store = await openStore(${JSON.stringify(join(folder, 'content'))});
    const client = new RegistryClient({ store, settingsFile: '/nowhere', env: {}, home: '/nowhere', os: 'linux' });
    await client.pull({ reference: ${JSON.stringify(`${registry.address}/app`)}, platform: { os: 'linux', architecture: 'amd64' }, strict: false, onProgress: () => undefined });
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
  const ended = once(child, 'exit');
  await until('a part of the layer on disk, the other whole', () => {
    const name = readdirSync(ingest).find((found) => found.startsWith(layer.slice(7)));
    const other = existsSync(join(folder, 'content/blobs/sha256', whole.slice(7)));
    return other && name !== undefined && statSync(join(ingest, name)).size >= MIB;
  });
  child.kill('SIGKILL');
  await ended;
  const after = await ownClient(t, {}, folder);
  // As the host service does at its start.
  await after.store.cleanUp();
  await after.client.pull({ ...plain, reference: `${registry.address}/app` });
  assert.match(registry.to(layer)[1]?.headers.range ?? '', /^bytes=[1-9][0-9]*-$/);
  assert.equal(registry.to(whole).length, 1);
  assert.deepEqual(await after.store.check({ repair: false }).then(({ problems }) => problems), []);
  assert.deepEqual(await after.files('ingest'), []);
});

test('a part that was spoiled is noticed, and the layer is fetched whole', async (t) => {
  const made = await madeImage(t, [3 * MIB]);
  const layer = layerOf(made);
  const registry = await fakeRegistry(t, made.layout);
  const { client, store, folder } = await ownClient(t);
  writeFileSync(join(folder, 'content/ingest', `${layer.slice(7)}.resume`), Buffer.alloc(MIB));
  await client.pull({ ...plain, reference: `${registry.address}/app` });
  assert.deepEqual(
    registry.to(layer).map(({ headers }) => headers.range),
    [`bytes=${MIB}-`, undefined],
  );
  assert.equal(store.list().length, 1);
});

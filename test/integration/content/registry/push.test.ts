/** What a registry or the way to it may do to a push; and a disk that runs full under a pull. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Asked, Deed, FakeRegistry } from '../../../support/fake-registry.ts';
import { fakeRegistry } from '../../../support/fake-registry.ts';
import { madeImage, ownClient, plain, quietly } from '../../../support/registry-client.ts';

const ada = { username: 'ada', password: 's3cret-w0rd', identityToken: '' };

/** A registry that has nothing, takes everything and keeps no parts; `put` says what else happens to the bytes of a blob. */
function taking(
  place: (registry: FakeRegistry) => string,
  put: (asked: Asked, self: FakeRegistry) => Deed | undefined,
) {
  return (asked: Asked, self: FakeRegistry): Deed => {
    const { method, path } = asked;
    if (asked.headers.authorization === undefined && path.startsWith('/v2/'))
      return { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } };
    if (method === 'HEAD') return { status: 404 };
    if (method === 'POST')
      return { status: 202, headers: { location: `${place(self)}/upload/${self.asked.length}?state=s` } };
    return (path.startsWith('/upload/') && put(asked, self)) || { status: method === 'GET' ? 404 : 201 };
  };
}

async function pushing(t: { after(fn: () => Promise<void>): void }, registry: FakeRegistry) {
  const made = await madeImage(t, [200_000]);
  const { client, store, waits } = await ownClient(t);
  const reference = `${registry.address}/app:1`;
  await store.load(made.layout, { reference });
  const push = () => client.push({ ...quietly, reference, credential: ada });
  return { made, push, waits, store };
}

const uploads = (self: FakeRegistry): Asked[] => self.to('/upload/').filter(({ method }) => method === 'PUT');

test('an upload that breaks is gone on with where the registry tells how much it has', async (t) => {
  const { layout } = await madeImage(t, [1000]);
  const kept = 120_001;
  const state = (word: string, more: object = {}) => ({ headers: { location: `/upload/x?state=${word}`, ...more } });
  const deeds = taking(
    () => '',
    ({ method, path, headers }) => {
      if (method === 'GET') return { status: 204, ...state('told', { range: `0-${kept - 1}` }) };
      if (method === 'PATCH') return { status: 202, ...state('patched') };
      const isWhole = path.includes('state=s&') && Number(headers['content-length']) > 200_000;
      return isWhole ? { cutRequestAfter: kept } : undefined;
    },
  );
  const registry = await fakeRegistry(t, layout, deeds);
  const { made, push, waits } = await pushing(t, registry);
  await push();
  const of = (method: string, word: string) =>
    registry.asked.filter((one) => one.method === method && one.path.includes(word));
  const [rest] = of('PATCH', 'state=told');
  const size = Number(rest?.headers['content-length']) + kept;
  assert.equal(rest?.headers['content-range'], `${kept}-${size - 1}`);
  const [first] = of('PUT', 'state=s&').filter(({ headers }) => Number(headers['content-length']) === size);
  const bytes = Buffer.concat([...(first?.received ?? []), ...rest.received]);
  assert.equal(`sha256:${createHash('sha256').update(bytes).digest('hex')}`, made.layers[0]?.digest);
  const [end] = of('PUT', 'state=patched');
  assert.equal(end?.headers['content-length'], '0');
  assert.equal(new URL(end.path, 'http://x').searchParams.get('digest'), made.layers[0]?.digest);
  assert.equal(waits.length, 1);
});

test('an upload whose rest is refused is begun anew', async (t) => {
  const { layout } = await madeImage(t, [1000]);
  let cut = false;
  const deeds = taking(
    () => '',
    ({ method, headers }) => {
      if (method === 'GET') return { status: 204, headers: { location: '/upload/x?state=t', range: '0-9' } };
      if (method === 'PATCH') return { status: 416 };
      if (cut || Number(headers['content-length']) < 200_000) return undefined;
      cut = true;
      return { cutRequestAfter: 100_000 };
    },
  );
  const registry = await fakeRegistry(t, layout, deeds);
  const { push } = await pushing(t, registry);
  await push();
  assert.equal(registry.asked.filter(({ method }) => method === 'PATCH').length, 1);
  const [broken, whole] = uploads(registry).filter(({ headers }) => Number(headers['content-length']) > 200_000);
  assert.equal(Buffer.concat([...(broken?.received ?? [])]).length, 100_000);
  assert.equal(String(Buffer.concat([...(whole?.received ?? [])]).length), whole?.headers['content-length']);
});

test('an upload that breaks is begun anew, at the place that the registry tells then', async (t) => {
  const { layout } = await madeImage(t, [1000]);
  const puts = (self: FakeRegistry): number => uploads(self).length;
  const deeds = taking(
    () => '',
    ({ method }, self) =>
      method === 'GET'
        ? undefined
        : puts(self) === 1
          ? { cutAfter: 0 }
          : puts(self) === 2
            ? { status: 503 }
            : undefined,
  );
  const registry = await fakeRegistry(t, layout, deeds);
  const { made, push, waits } = await pushing(t, registry);
  assert.equal((await push()).digest, made.manifestDigest);
  const sent = uploads(registry);
  assert.equal(sent.length, 4);
  assert.equal(new Set(sent.map(({ path }) => path)).size, 4);
  assert.ok(sent.every(({ path }) => /\?state=s&digest=sha256%3A[0-9a-f]{64}$/.test(path)));
  assert.equal(waits.length, 2);
  assert.equal(registry.asked.at(-1)?.path, '/v2/app/manifests/1');
});

for (const [what, status, body] of [
  ['a registry that knows no mounts', 400, '{"errors":[{"code":"UNSUPPORTED"}]}'],
  ['no leave for the other repository', 401, ''],
  ['another owner', 403, ''],
  ['a blob that is not there', 404, ''],
  ['a method that is not there', 405, ''],
  ['a token server that gives nothing for both', 'token', ''],
] as const)
  test(`a mount that is refused (${what}) is no failure: the blob is sent`, async (t) => {
    const { layout } = await madeImage(t, [1000]);
    const takes = taking(
      () => '',
      () => undefined,
    );
    const registry = await fakeRegistry(t, layout, (asked, self) => {
      const { path, headers } = asked;
      if (path.startsWith('/token'))
        return path.split('scope=').length > 2 ? { status: 401 } : { status: 200, body: '{"token":"for one"}' };
      const isMount = path.includes('mount=');
      const known = headers.authorization !== undefined && !(isMount && headers.authorization === 'Bearer for one');
      if (status === 'token' && path.startsWith('/v2/') && !known)
        return {
          status: 401,
          headers: { 'www-authenticate': `Bearer realm="http://${self.address}/token",service="x"` },
        };
      if (isMount && headers.authorization !== undefined && status !== 'token') return { status, body };
      return takes(asked, self);
    });
    const { made, push, store } = await pushing(t, registry);
    store.tag(`${registry.address}/app:1`, `${registry.address}/other:1`);
    assert.equal((await push()).digest, made.manifestDigest);
    assert.ok(registry.to('mount=').length >= 2);
    assert.equal(uploads(registry).length, 2);
  });

test('bytes that are to be sent to another host take no authorization along', async (t) => {
  const { layout } = await madeImage(t, [1000]);
  const storage = await fakeRegistry(t, layout, () => ({ status: 201 }));
  const registry = await fakeRegistry(
    t,
    layout,
    taking(
      () => `http://${storage.address}`,
      () => undefined,
    ),
  );
  const { push } = await pushing(t, registry);
  await push();
  assert.equal(storage.asked.length, 2);
  assert.ok(storage.asked.every(({ method, headers }) => method === 'PUT' && headers.authorization === undefined));
});

test('a registry that refuses a blob is told, and its tag is not touched', async (t) => {
  const { layout } = await madeImage(t, [1000]);
  const body = '{"errors":[{"code":"DENIED","message":"the quota is used up"}]}';
  const registry = await fakeRegistry(
    t,
    layout,
    taking(
      () => '',
      () => ({ status: 403, body }),
    ),
  );
  const { push } = await pushing(t, registry);
  await assert.rejects(push(), { code: 'permission-denied', message: /answered 403 \(the quota is used up\)/ });
  assert.deepEqual(registry.to('/manifests/'), []);
});

const skip = process.getuid?.() === 0 ? false : 'only root can mount a small file system';

test('a disk that runs full under a pull is told, and left as it was', { skip }, async (t) => {
  const disk = await mkdtemp(join(tmpdir(), 'berth-full-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]);
  t.after(async () => {
    // The store on it is closed after this.
    execFileSync('umount', ['--lazy', disk]);
    await rm(disk, { recursive: true });
  });
  const { client, store, files } = await ownClient(t, {}, disk);
  const big = await fakeRegistry(t, (await madeImage(t, [1_000_000, 12_000_000])).layout);
  await assert.rejects(client.pull({ ...plain, reference: `${big.address}/app` }), { code: 'disk-full' });
  assert.deepEqual([await files('ingest'), await files('blobs/sha256')], [[], []]);
  const small = await fakeRegistry(t, (await madeImage(t, [1_000_000])).layout);
  await client.pull({ ...plain, reference: `${small.address}/app` });
  assert.equal(store.list().length, 1);
});

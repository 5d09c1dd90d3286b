/** Who is let in, by which way, and who is told what. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { addBlob } from '../../../support/oci-layout.ts';
import type { Asked, Deed, FakeRegistry } from '../../../support/fake-registry.ts';
import { fakeRegistry } from '../../../support/fake-registry.ts';
import { amd64, madeImage, ownClient, plain } from '../../../support/registry-client.ts';
import { until } from '../../../support/until.ts';

const ada = { username: 'ada', password: 's3cret-w0rd', identityToken: '' };
const basic = `Basic ${Buffer.from('ada:s3cret-w0rd').toString('base64')}`;
const layerOf = (made: { layers: readonly { digest: string }[] }, position = 0): string =>
  made.layers[position]?.digest ?? '';

/** A registry of tokens: `token-N` is taken while `valid` says so. */
function tokens(valid: (number: number, asked: Asked) => boolean) {
  let given = 0;
  return (asked: Asked, { address }: FakeRegistry): Deed | undefined => {
    if (asked.path.startsWith('/token'))
      return { status: 200, body: JSON.stringify({ token: `token-${++given}`, expires_in: 300 }) };
    const number = Number(/^Bearer token-([0-9]+)$/.exec(asked.headers.authorization ?? '')?.[1] ?? 0);
    if (number > 0 && valid(number, asked)) return undefined;
    const challenge = `Bearer realm="http://${address}/token",service="fake"`;
    return {
      status: 401,
      headers: { 'www-authenticate': ['Negotiate', challenge] },
      body: '{"errors":[{"code":"UNAUTHORIZED"}]}',
    };
  };
}

test('a token is asked for once, without credentials, and for what is wanted alone', async (t) => {
  const made = await madeImage(t, [1000, 1000, 1000]);
  const registry = await fakeRegistry(
    t,
    made.layout,
    tokens(() => true),
  );
  const { client } = await ownClient(t);
  await client.pull({ ...plain, reference: `${registry.address}/team/app` });
  const asked = registry.to('/token');
  assert.deepEqual(
    asked.map(({ path, headers }) => [path, headers.authorization]),
    [['/token?service=fake&scope=repository%3Ateam%2Fapp%3Apull', undefined]],
  );
});

test('a token that expires mid-pull is replaced by one more, for all layers at once', async (t) => {
  const made = await madeImage(t, [1000, 1000, 1000, 1000]);
  const isLayer = ({ path }: Asked): boolean => made.layers.some(({ digest }) => path.endsWith(digest));
  const registry = await fakeRegistry(
    t,
    made.layout,
    tokens((number, asked) => number > 1 || !isLayer(asked)),
  );
  const { client, store } = await ownClient(t);
  await client.pull({ ...plain, reference: `${registry.address}/app` });
  assert.equal(registry.to('/token').length, 2);
  assert.equal(store.list().length, 1);
});

test('a token server that does not answer can be given up', async (t) => {
  const made = await madeImage(t, [1000]);
  const give = tokens(() => true);
  const registry = await fakeRegistry(t, made.layout, (asked, self) => ({
    ...give(asked, self),
    ...(asked.path.startsWith('/token') && { until: new Promise(() => undefined) }),
  }));
  const { client } = await ownClient(t);
  const cancel = new AbortController();
  const pulling = client.pull({ ...plain, reference: `${registry.address}/app`, signal: cancel.signal });
  await until('it is asked', () => registry.to('/token').length > 0);
  cancel.abort(new Error('enough'));
  await assert.rejects(pulling, /enough/);
});

test('credentials go to the token server, and nowhere else', async (t) => {
  const made = await madeImage(t, [1000]);
  const registry = await fakeRegistry(
    t,
    made.layout,
    tokens(() => true),
  );
  const { client, folder } = await ownClient(t);
  await client.pull({ ...plain, reference: `${registry.address}/app`, credential: ada });
  assert.equal(registry.to('/token')[0]?.headers.authorization, basic);
  assert.ok(registry.to('/v2/').every(({ headers }) => headers.authorization !== basic));
  mkdirSync(join(folder, '.docker'));
  writeFileSync(
    join(folder, '.docker/config.json'),
    JSON.stringify({ auths: { [registry.address]: { identitytoken: 'r3fresh' } } }),
  );
  await client.pull({ ...plain, reference: `${registry.address}/two` });
  assert.equal(registry.to('/token')[1]?.method, 'POST');
});

test('a token server of plain HTTP elsewhere gets no credentials', async (t) => {
  const made = await madeImage(t, [1000]);
  const registry = await fakeRegistry(t, made.layout, () => ({
    status: 401,
    headers: { 'www-authenticate': 'Bearer realm="http://auth.example/token"' },
  }));
  const { client } = await ownClient(t);
  await assert.rejects(client.pull({ ...plain, reference: `${registry.address}/app`, credential: ada }), {
    code: 'permission-denied',
    message: /unprotected/,
  });
});

test('a redirect to another host takes no authorization along', async (t) => {
  const made = await madeImage(t, [1000]);
  const storage = await fakeRegistry(t, made.layout);
  const registry = await fakeRegistry(t, made.layout, ({ path, headers }): Deed | undefined => {
    if (headers.authorization !== basic) return { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } };
    return path.includes('/blobs/')
      ? { status: 307, headers: { location: `http://${storage.address}${path}` } }
      : undefined;
  });
  const { client, store } = await ownClient(t);
  await client.pull({ ...plain, reference: `${registry.address}/app`, credential: ada });
  assert.equal(store.list().length, 1);
  assert.equal(storage.asked.length, 2);
  assert.ok(storage.asked.every(({ headers }) => headers.authorization === undefined));
  assert.ok(registry.to('/blobs/').every(({ headers }) => headers.authorization === basic));
});

test('refused credentials are told without the password; what is not given to anybody asks for a login', async (t) => {
  const made = await madeImage(t, [1000]);
  const registry = await fakeRegistry(t, made.layout, () => ({
    status: 401,
    headers: { 'www-authenticate': 'Basic realm="x"' },
    body: '{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}',
  }));
  const { client } = await ownClient(t);
  for (const credential of [ada, undefined])
    await assert.rejects(
      client.pull({ ...plain, reference: `${registry.address}/app`, credential }),
      (error: Error) => {
        assert.match(
          `${error.message} ${'hint' in error ? String(error.hint) : ''}`,
          /authentication required.*berth login/,
        );
        assert.doesNotMatch(JSON.stringify([error, error.message, error.stack, error.cause]), /s3cret/);
        return true;
      },
    );
  await assert.rejects(client.login(registry.address, ada), {
    code: 'permission-denied',
    message: `${registry.address} refused the credentials of ada.`,
  });
});

test('mirrors are asked first; the registry helps out where they fail', async (t) => {
  const made = await madeImage(t, [1000]);
  const broken = await fakeRegistry(t, made.layout, () => ({ status: 503 }));
  const holey = await fakeRegistry(t, made.layout, ({ path }) =>
    path.includes('/blobs/') ? { status: 404 } : undefined,
  );
  const registry = await fakeRegistry(t, made.layout);
  const { client, store, folder, waits } = await ownClient(t);
  const mirrors = {
    [registry.address]: [`http://${broken.address}/cache`, `http://${holey.address}`, 'http://127.0.0.1:1'],
  };
  writeFileSync(join(folder, 'registries.json'), JSON.stringify({ mirrors }));
  await client.pull({ ...plain, reference: `${registry.address}/app` });
  assert.deepEqual(store.list()[0]?.references, [`${registry.address}/app:latest`]);
  assert.equal(broken.to('/v2/cache/app/manifests/latest').length, 1);
  assert.equal(registry.to('/manifests/').length, 0);
  assert.equal(registry.to('/blobs/').length, 2);
  assert.deepEqual(waits, []);
});

test('a mirror that gives something else for a blob is not asked for that one again: the registry gives it', async (t) => {
  const made = await madeImage(t, [1000, 2000]);
  const [bad, good] = [layerOf(made), layerOf(made, 1)];
  for (const body of [Buffer.alloc(2560, 'x'), Buffer.alloc(100), Buffer.alloc(9000)]) {
    const chunked = { 'transfer-encoding': 'chunked' };
    const spoiled = await fakeRegistry(t, made.layout, ({ path }) =>
      path.endsWith(bad) ? { body, headers: chunked } : undefined,
    );
    const registry = await fakeRegistry(t, made.layout);
    const { client, store, folder, files } = await ownClient(t);
    const mirrors = { [registry.address]: [`http://${spoiled.address}`] };
    writeFileSync(join(folder, 'registries.json'), JSON.stringify({ mirrors }));
    await client.pull({ ...plain, reference: `${registry.address}/app` });
    assert.equal(store.list().length, 1);
    assert.deepEqual((await store.check({ repair: false })).problems, []);
    assert.deepEqual(await files('ingest'), []);
    assert.deepEqual([registry.to(bad).length, registry.to(good).length], [1, 0]);
  }
});

test('a configuration that is something else than its digest says is not believed', async (t) => {
  const made = await madeImage(t, [1000]);
  const other = await madeImage(t, [1000], { architecture: 'arm64' });
  const read = (folder: string, digest: string): Buffer => readFileSync(join(folder, 'blobs/sha256', digest.slice(7)));
  const whole = read(made.layout, made.configDigest);
  for (const body of [read(other.layout, other.configDigest), Buffer.concat([whole, Buffer.alloc(2 ** 20, ' ')])]) {
    const registry = await fakeRegistry(t, made.layout, ({ path }) =>
      path.endsWith(made.configDigest) ? { body, headers: { 'transfer-encoding': 'chunked' } } : undefined,
    );
    const { client } = await ownClient(t);
    await assert.rejects(client.describe({ reference: `${registry.address}/app` }), { code: 'corrupt-content' });
  }
});

test('a proxy is asked for what is not excepted', async (t) => {
  const made = await madeImage(t, [1000]);
  const proxy = await fakeRegistry(t, made.layout);
  const { client, store, folder } = await ownClient(t, {
    env: { HTTP_PROXY: `http://${proxy.address}`, NO_PROXY: 'near.invalid' },
  });
  writeFileSync(join(folder, 'registries.json'), JSON.stringify({ plainHttp: ['far.invalid', 'near.invalid'] }));
  await client.pull({ ...plain, reference: 'far.invalid/app' });
  assert.equal(store.list().length, 1);
  assert.ok(proxy.asked.every(({ headers }) => headers.host === 'far.invalid'));
  await assert.rejects(client.pull({ ...plain, reference: 'near.invalid/app' }), { code: 'unreachable' });
});

test('of an index the wanted platform is brought in, or all; one that it lacks is told with those it has', async (t) => {
  const made = await madeImage(t, [1000]);
  const other = { os: 'linux', architecture: 'arm64', variant: 'v8' };
  const { layout } = made;
  const arm = await madeImage(t, [2000], { architecture: 'arm64', variant: 'v8' });
  const read = (folder: string, digest: string): Buffer => readFileSync(join(folder, 'blobs/sha256', digest.slice(7)));
  for (const digest of [arm.manifestDigest, arm.configDigest, layerOf(arm)]) addBlob(layout, read(arm.layout, digest));
  const entry = (digest: string, platform: object) => ({
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest,
    size: read(layout, digest).length,
    platform,
  });
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const attestation = {
    ...entry(made.manifestDigest, { os: 'unknown', architecture: 'unknown' }),
    digest: `sha256:${'0'.repeat(64)}`,
  };
  const manifests = [entry(made.manifestDigest, amd64), entry(arm.manifestDigest, other), attestation];
  const index = addBlob(layout, Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests })));
  writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType, ...index }] }));
  const registry = await fakeRegistry(t, layout);
  const { client, store } = await ownClient(t);
  const reference = `${registry.address}/app`;
  const pull = (platform: typeof amd64 | typeof other | 'all') =>
    client.pull({ ...plain, reference, platform, strict: true });
  const here = () =>
    store
      .named(`${reference}:latest`)
      .map(({ manifestDigest }) => manifestDigest)
      .sort();
  assert.equal((await pull(amd64)).digest, index.digest);
  assert.deepEqual(here(), [made.manifestDigest]);
  assert.deepEqual(registry.to(layerOf(arm)), []);
  await assert.rejects(pull({ ...other, architecture: 's390x' }), {
    code: 'wrong-platform',
    message: /is published for linux\/amd64, linux\/arm64\/v8, not for linux\/s390x/,
  });
  assert.deepEqual(await pull(other), { reference: `${reference}:latest`, digest: index.digest, upToDate: false });
  assert.deepEqual(here(), [made.manifestDigest, arm.manifestDigest].sort());
  const before = registry.asked.length;
  assert.equal((await pull('all')).upToDate, true);
  assert.deepEqual(
    registry.asked.slice(before).map(({ method }) => method),
    ['HEAD'],
  );
});

test('an index without an image for Linux is refused, also when all platforms are asked for', async (t) => {
  const { layout, manifestDigest } = await madeImage(t, [1000], { os: 'windows' });
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const [platform, size] = [{ os: 'windows', architecture: 'amd64' }, 1000];
  const inner = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: manifestDigest, size, platform };
  const index = addBlob(layout, Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests: [inner] })));
  writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType, ...index }] }));
  const registry = await fakeRegistry(t, layout);
  const { client, store, files } = await ownClient(t);
  const reference = `${registry.address}/app`;
  await assert.rejects(client.pull({ ...plain, reference, platform: 'all' }), {
    code: 'wrong-platform',
    message: /is published for windows\/amd64, not for linux\./,
  });
  assert.equal(store.target(`${reference}:latest`), undefined);
  assert.deepEqual(await files('blobs/sha256'), []);
});

test('an image of another platform alone is refused before its layers, when the platform was asked for', async (t) => {
  const made = await madeImage(t, [1000], { architecture: 'arm64' });
  const registry = await fakeRegistry(t, made.layout);
  const { client, store } = await ownClient(t);
  const reference = `${registry.address}/app`;
  await assert.rejects(client.pull({ ...plain, reference, strict: true }), { code: 'wrong-platform' });
  assert.deepEqual(registry.to(layerOf(made)), []);
  await client.pull({ ...plain, reference });
  assert.equal(store.list()[0]?.platform.architecture, 'arm64');
});

/** What tools ask registries by way of the socket: who may come in, what is there. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import Docker from 'dockerode';
import { dockerStack } from '../../support/docker-stack.ts';
import { fakeRegistry, type Asked, type Deed } from '../../support/fake-registry.ts';
import { madeImage } from '../../support/registry-client.ts';

const basic = `Basic ${Buffer.from('ada:right').toString('base64')}`;
const found = [
  { name: 'ada/engine', description: 'analytical', star_count: 7, is_official: false, is_automated: false },
  { name: 'engine', description: 'difference', star_count: 3, is_official: true },
];

function guarded({ path, headers }: Asked): Deed | undefined {
  if (path.startsWith('/v1/search')) return { status: 200, body: JSON.stringify({ num_results: 2, results: found }) };
  if (headers.authorization === basic) return undefined;
  return { status: 401, headers: { 'www-authenticate': 'Basic realm="fake"' } };
}

test('distribution: digest and platforms of what is not here, with the credentials of the request', async (t) => {
  const made = await madeImage(t, [1000]);
  const { address } = await fakeRegistry(t, made.layout, guarded);
  const { socketPath } = await dockerStack(t);
  const docker = new Docker({ socketPath });
  const authconfig = { username: 'ada', password: 'right', serveraddress: address };
  const image = docker.getImage(`${address}/team/thing:1`);
  const { Descriptor, Platforms } = (await image.distribution({ authconfig })) as {
    Descriptor: { mediaType: string; digest: string };
    Platforms: unknown;
  };
  assert.equal(Descriptor.digest, made.manifestDigest);
  assert.match(Descriptor.mediaType, /manifest\.v1\+json$/);
  assert.deepEqual(Platforms, [{ os: 'linux', architecture: 'amd64' }]);
  await assert.rejects(image.distribution(), { statusCode: 401 });
});

test('auth: the registry is asked, and nothing is stored', async (t) => {
  const { layout } = await madeImage(t, [1000]);
  const { address } = await fakeRegistry(t, layout, guarded);
  const { socketPath } = await dockerStack(t);
  const docker = new Docker({ socketPath });
  const ask = (password: string) => docker.checkAuth({ username: 'ada', password, serveraddress: address });
  assert.deepEqual(await ask('right'), { Status: 'Login Succeeded', IdentityToken: '' });
  await assert.rejects(ask('wrong'), { statusCode: 401 });
  assert.equal(existsSync(join(dirname(dirname(socketPath)), '.docker/config.json')), false);
});

test('search: what the registry has, by filters; one without a search says so', async (t) => {
  const { layout } = await madeImage(t, [1000]);
  const [searched, plain] = [await fakeRegistry(t, layout, guarded), await fakeRegistry(t, layout)];
  const { socketPath } = await dockerStack(t);
  const docker = new Docker({ socketPath });
  const names = async (options: object) =>
    ((await docker.searchImages({ term: `${searched.address}/engine`, ...options })) as { name: string }[]).map(
      ({ name }) => name,
    );
  assert.deepEqual(await names({}), ['ada/engine', 'engine']);
  assert.deepEqual(await names({ filters: { 'is-official': ['true'] } }), ['engine']);
  assert.deepEqual(await names({ filters: { stars: ['5'] } }), ['ada/engine']);
  assert.match(searched.to('/v1/search')[0]?.path ?? '', /q=engine&n=25/);
  await assert.rejects(names({ limit: 101 }), { statusCode: 400 });
  await assert.rejects(docker.searchImages({ term: `${plain.address}/engine` }), { statusCode: 501 });
});

test('a pull without a tag gets all that the repository has, page by page; a tag goes before that of the name', async (t) => {
  const { layout } = await madeImage(t, [1000]);
  const registry = await fakeRegistry(t, layout, ({ path }) => {
    if (!path.includes('/tags/list')) return undefined;
    if (path.includes('last=b')) return { status: 200, body: '{"name":"team/thing","tags":["c"]}' };
    const link = '</v2/team/thing/tags/list?n=2&last=b>; rel="next"';
    return { status: 200, headers: { link }, body: '{"name":"team/thing","tags":["a","b"]}' };
  });
  const { address } = registry;
  const { socketPath } = await dockerStack(t);
  const docker = new Docker({ socketPath });
  const pull = async (query: string) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const sent = request({ socketPath, method: 'POST', path: `/images/create?${query}` }, (response) => {
      text(response).then(resolve, reject);
    });
    sent.once('error', reject).end();
    return promise;
  };
  const tags = async () => (await docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []).toSorted();
  const lines = await pull(`fromImage=${address}/team/thing`);
  assert.deepEqual(lines.match(/"id":"[abc]"/g), ['"id":"a"', '"id":"b"', '"id":"c"']);
  const name = `${address}/team/thing`;
  assert.deepEqual(await tags(), [`${name}:a`, `${name}:b`, `${name}:c`, 'tiny:latest']);
  await pull(`fromImage=${name}:a&tag=d`);
  assert.equal((await tags()).includes(`${name}:d`), true);
  assert.equal(registry.to('/manifests/d').length > 0, true);
});

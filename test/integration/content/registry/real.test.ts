/** Debian's docker-registry as the other side, and skopeo as witness. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pipeline, type Duplex } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import type { OciDescriptor } from '../../../../app/content/oci.ts';
import type { Registry } from '../../../support/images/registry.ts';
import { startRegistry } from '../../../support/images/registry.ts';
import { makeOciLayout } from '../../../support/oci-layout.ts';
import { amd64, madeImage, ownClient, plain, quietly } from '../../../support/registry-client.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { certificate } from '../../../support/certificate.ts';

const run = promisify(execFile);
const arm64 = { os: 'linux', architecture: 'arm64', variant: undefined };
const ada = { username: 'ada', password: 's3cret-w0rd', identityToken: '' };
/** Of that password, by bcrypt at its lowest cost. */
const htpasswd = 'ada:$2b$04$abcdefghijklmnopqrstuujow3VRI0PJx83BZTXcVtSxGO5TpkK8W\n';

async function skopeoDigest(reference: string): Promise<string> {
  const { stdout } = await run('skopeo', [
    'inspect',
    '--tls-verify=false',
    '--format',
    '{{.Digest}}',
    `docker://${reference}`,
  ]);
  return stdout.trim();
}

/** Requests that a registry has had, such as `PUT …/manifests/1`. */
const requests = ({ log }: Registry, pattern: RegExp): number =>
  log()
    .split('\n')
    .filter((line) => pattern.test(line)).length;

test('what was pushed is what skopeo and another store get, blobs are sent once and mounted elsewhere', async (t) => {
  const registry = await startRegistry(t, { empty: true });
  const made = await madeImage(t, [3_000_000, 1000], { compression: 'gzip' });
  const { client, store } = await ownClient(t);
  const reference = `${registry.address}/team/app:1`;
  await store.load(made.layout, { reference });
  const pushed = await client.push({ ...quietly, reference });
  assert.deepEqual([pushed.digest, pushed.leftOut], [made.manifestDigest, []]);
  assert.equal(await skopeoDigest(reference), made.manifestDigest);
  const uploads = requests(registry, /"PUT \/v2\/[^ ]*\/blobs\/uploads\//);
  assert.equal(uploads, 3);
  const states: string[] = [];
  await client.push({ reference, onProgress: ({ state }) => states.push(state) });
  assert.deepEqual(
    states.filter((state) => state !== 'waiting'),
    ['present', 'present'],
  );
  const other = `${registry.address}/other/app:2`;
  store.tag(reference, other);
  await client.push({ ...quietly, reference: other });
  assert.equal(requests(registry, /"PUT \/v2\/[^ ]*\/blobs\/uploads\//), uploads);
  const copy = await temporaryFolder(t);
  await run('skopeo', ['copy', '--quiet', '--src-tls-verify=false', `docker://${other}`, `oci:${copy}:x`]);
  const { manifests } = JSON.parse(readFileSync(join(copy, 'index.json'), 'utf8')) as { manifests: OciDescriptor[] };
  assert.equal(manifests[0]?.digest, made.manifestDigest);
  const elsewhere = await ownClient(t);
  const pulled = await elsewhere.client.pull({ ...plain, reference: other });
  assert.deepEqual(pulled, { reference: other, digest: made.manifestDigest, upToDate: false });
  const byDigest = `${registry.address}/other/app@${made.manifestDigest}`;
  await elsewhere.client.pull({ ...plain, reference: byDigest });
  const [image] = elsewhere.store.list();
  assert.deepEqual(
    image?.layers.map(({ digest }) => digest),
    made.layers.map(({ digest }) => digest),
  );
  assert.deepEqual(image.references, [other, byDigest].sort());
  assert.deepEqual((await elsewhere.store.check({ repair: false })).problems, []);
});

for (const [kind, compression, format] of [
  ["Docker's second schema", 'gzip', 'v2s2'],
  ['OCI with zstd', 'zstd', 'oci'],
  ['OCI without compression', 'none', 'oci'],
] as const)
  test(`${kind} as skopeo pushes it is pulled, and pushed back with the same digest`, async (t) => {
    const registry = await startRegistry(t, { empty: true });
    const { layout } = await madeImage(t, [100_000, 2000], { compression });
    const reference = `${registry.address}/app:1`;
    const options = ['--quiet', '--format', format, '--dest-tls-verify=false'];
    await run('skopeo', ['copy', ...options, `oci:${layout}`, `docker://${reference}`]);
    const { client, store } = await ownClient(t);
    const { digest } = await client.pull({ ...plain, reference });
    assert.equal(digest, await skopeoDigest(reference));
    const image = store.resolve(reference, amd64);
    assert.equal((await store.layers(image)).length, 2);
    store.tag(reference, `${registry.address}/back:1`);
    await client.push({ ...quietly, reference: `${registry.address}/back:1` });
    assert.equal(await skopeoDigest(`${registry.address}/back:1`), digest);
  });

test('an index of several platforms goes whole, and as far as it is here', async (t) => {
  const registry = await startRegistry(t, { empty: true });
  const layout = await temporaryFolder(t);
  for (const architecture of ['amd64', 'arm64', 'riscv64'])
    makeOciLayout(layout, [[{ path: 'arch', data: architecture }]], {}, { architecture });
  const { client, store } = await ownClient(t);
  const reference = `${registry.address}/multi:1`;
  await store.load(layout, { reference });
  const { digest, leftOut } = await client.push({ ...quietly, reference });
  assert.deepEqual(leftOut, []);
  const raw = await run('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${reference}`]);
  const { manifests } = JSON.parse(raw.stdout) as { manifests: OciDescriptor[] };
  assert.deepEqual(manifests.map(({ platform }) => platform?.architecture).sort(), ['amd64', 'arm64', 'riscv64']);

  const some = await ownClient(t);
  for (const platform of [amd64, arm64]) await some.client.pull({ ...plain, reference, platform });
  const second = await startRegistry(t, { empty: true });
  for (const address of [registry.address, second.address]) some.store.tag(reference, `${address}/again:1`);
  const sameRegistry = await some.client.push({ ...quietly, reference });
  assert.equal(sameRegistry.digest, digest);
  const partly = await some.client.push({ ...quietly, reference: `${second.address}/again:1` });
  assert.deepEqual(partly.leftOut, ['linux/riscv64']);
  const third = await ownClient(t);
  await third.client.pull({ ...plain, reference: `${second.address}/again:1`, platform: 'all' });
  assert.equal(third.store.list().length, 2);
  const chosen = await store.lend(reference, arm64, ({ target }) => Promise.resolve(target));
  assert.equal((await client.push({ ...quietly, reference, platform: arm64 })).digest, chosen);
  await assert.rejects(client.push({ ...quietly, reference, platform: { ...arm64, architecture: 's390x' } }), {
    code: 'wrong-platform',
  });
  await client.push({ ...quietly, reference });

  const one = await ownClient(t);
  await one.client.pull({ ...plain, reference });
  one.store.tag(reference, `${second.address}/one:1`);
  const single = await one.client.push({ ...quietly, reference: `${second.address}/one:1` });
  assert.equal(single.digest, one.store.resolve(reference, amd64).manifestDigest);
  assert.deepEqual(single.leftOut.sort(), ['linux/arm64', 'linux/riscv64']);
});

test('a registry with passwords takes those that it knows; login keeps them, logout forgets them', async (t) => {
  const folder = await temporaryFolder(t);
  writeFileSync(join(folder, 'htpasswd'), htpasswd);
  const env = {
    REGISTRY_AUTH: 'htpasswd',
    REGISTRY_AUTH_HTPASSWD_REALM: 'test',
    REGISTRY_AUTH_HTPASSWD_PATH: join(folder, 'htpasswd'),
  };
  const registry = await startRegistry(t, { empty: true, env });
  const made = await madeImage(t, [1000]);
  const { client, store, folder: home } = await ownClient(t);
  const reference = `${registry.address}/app:1`;
  await store.load(made.layout, { reference });
  await assert.rejects(client.push({ ...quietly, reference }), { code: 'permission-denied' });
  await assert.rejects(client.login(registry.address, { ...ada, password: 'wrong' }), { code: 'permission-denied' });
  const file = join(home, '.docker/config.json');
  assert.throws(() => readFileSync(file), { code: 'ENOENT' });
  const told = await client.login(registry.address, ada);
  assert.deepEqual(told, { serverAddress: registry.address, storedIn: file });
  await client.push({ ...quietly, reference });
  assert.deepEqual(await client.logout(registry.address), { serverAddress: registry.address, removed: true });
  await assert.rejects(client.pull({ ...plain, reference }), { code: 'permission-denied' });
  await client.pull({ ...plain, reference, credential: ada });
});

test('a registry of TLS is trusted by a CA file, by the folders of Docker, or not checked; else it is refused', async (t) => {
  const folder = await temporaryFolder(t);
  const { key, cert } = await certificate(folder, 'IP:127.0.0.1');
  const env = { REGISTRY_HTTP_TLS_CERTIFICATE: cert, REGISTRY_HTTP_TLS_KEY: key };
  const registry = await startRegistry(t, { empty: true, env });
  const { layout } = await madeImage(t, [1000]);
  const { client, store, folder: home } = await ownClient(t);
  const reference = `${registry.address}/app:1`;
  await store.load(layout, { reference });
  const settings = (value: object) => writeFileSync(join(home, 'registries.json'), JSON.stringify(value));
  await assert.rejects(client.push({ ...quietly, reference }), {
    code: 'unreachable',
    message: /its certificate is not trusted/,
  });
  settings({ caFiles: [cert] });
  await client.push({ ...quietly, reference });
  settings({ insecure: [registry.address] });
  await client.pull({ ...plain, reference });
  settings({});
  const docker = join(home, '.docker/certs.d', registry.address);
  mkdirSync(docker, { recursive: true });
  writeFileSync(join(docker, 'ca.crt'), readFileSync(cert));
  assert.equal((await client.pull({ ...plain, reference })).upToDate, true);
  settings({ caFiles: [join(folder, 'none.pem')] });
  await assert.rejects(client.pull({ ...plain, reference }), { message: /none\.pem can't be read/ });
  settings({ plainHttp: [registry.address] });
  await assert.rejects(client.pull({ ...plain, reference }), {
    message: /HTTP request to an HTTPS server|answered 400/,
  });
});

/** A proxy that knows one host and one user; `https` when it has a certificate. */
async function connectProxy(t: TestContext, known: { host: string; at: string }, tls?: { key: string; cert: string }) {
  const asked: string[] = [];
  const server =
    tls === undefined ? createServer() : createTlsServer({ key: readFileSync(tls.key), cert: readFileSync(tls.cert) });
  server.on('connect', (request: IncomingMessage, client: Duplex) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
    const allowed = request.headers['proxy-authorization'] === `Basic ${Buffer.from('u:p@ss').toString('base64')}`;
    if (!allowed) return client.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
    if (request.url !== known.host) return client.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n');
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    const onward = connect({ host: '127.0.0.1', port: Number(known.at.split(':')[1]) });
    pipeline(client, onward, client, () => undefined);
    return undefined;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { asked, address: `localhost:${(server.address() as AddressInfo).port}` };
}

for (const scheme of ['http', 'https'] as const)
  test(`a registry of TLS behind a proxy of ${scheme} is reached through a tunnel, whose end alone is trusted`, async (t) => {
    const folder = await temporaryFolder(t);
    const tls = await certificate(folder, 'DNS:localhost,DNS:far.invalid');
    const { key, cert } = tls;
    const env = { REGISTRY_HTTP_TLS_CERTIFICATE: cert, REGISTRY_HTTP_TLS_KEY: key };
    const registry = await startRegistry(t, { empty: true, env });
    const proxy = await connectProxy(
      t,
      { host: 'far.invalid:443', at: registry.address },
      scheme === 'https' ? tls : undefined,
    );
    const of = async (user: string, caFiles: string[]) => {
      const own = await ownClient(t, { env: { HTTPS_PROXY: `${scheme}://${user}@${proxy.address}` } });
      writeFileSync(join(own.folder, 'registries.json'), JSON.stringify({ caFiles }));
      return own;
    };
    const { layout } = await madeImage(t, [1_000_000]);
    const { client, store } = await of('u:p%40ss', [cert]);
    const reference = 'far.invalid/app:1';
    await store.load(layout, { reference });
    const { digest } = await client.push({ ...quietly, reference });
    const other = await of('u:p%40ss', [cert]);
    assert.equal((await other.client.pull({ ...plain, reference })).digest, digest);
    assert.ok(proxy.asked.length > 0 && proxy.asked.every((words) => words === 'CONNECT far.invalid:443'));
    const stranger = await of('u:wrong', [cert]);
    const refused = { code: 'unreachable', message: /through the proxy localhost:\d+: .*407/ };
    await assert.rejects(stranger.client.pull({ ...plain, reference }), refused);
    const distrusting = await of('u:p%40ss', []);
    await assert.rejects(distrusting.client.pull({ ...plain, reference }), { message: /certificate is not trusted/ });
    const absent = { code: 'unreachable', message: /through the proxy .*502/ };
    await assert.rejects(client.pull({ ...plain, reference: 'absent.invalid/app' }), absent);
  });

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import type { ContainerSpec } from '../../../guest-agent/protocol/index.ts';
import { EngineError } from '../../../app/base/error.ts';
import { readAll } from '../../../app/base/streams.ts';
import type { ResolvedImage } from '../../../app/services/image-source.ts';
import { containerInfo } from '../../support/container-info.ts';
import { hostPair } from '../../support/host-pair.ts';
import type { HostPair } from '../../support/host-pair.ts';
import { runConfig } from '../../support/run-config.ts';
import { until } from '../../support/until.ts';

const diffId = `sha256:${'a'.repeat(64)}`;
const content = Buffer.alloc(700_000, 'layer');
const contentDigest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
const checksum = '0123456789abcdef';

async function image(pair: HostPair, change: Partial<ResolvedImage> = {}): Promise<void> {
  const path = join(pair.folder, 'layer.erofs');
  await writeFile(path, content);
  pair.images.set('busybox', {
    ...{ reference: 'busybox', id: 'sha256:1', platform: 'linux/amd64' },
    config: { config: { Cmd: ['sh'], Volumes: { '/data': {} } } },
    layers: () => Promise.resolve([{ diffId, path, sizeBytes: content.length, contentDigest, checksum }]),
    ...change,
  });
}

/** A guest that takes layers; it has `present` bytes of the layer already, and drops the first `breaks` transfers. */
function takeLayers(
  { guest }: HostPair,
  options: { present?: number; breaks?: number } = {},
): { readonly bytes: Buffer[] } {
  const bytes: Buffer[] = [];
  let breaks = options.breaks ?? 0;
  const here = new Set<string>();
  guest.on('layer.missing', ({ layers }: { layers: string[] }) => ({
    missing: layers.filter((layer) => !here.has(layer)),
  }));
  guest.on('layer.put', () => ({
    offset: options.present ?? 0,
    stream: guest.offer((stream) => {
      if (breaks-- > 0) return stream.destroy();
      void readAll(stream, 10_000_000).then((all) => bytes.push(zstdDecompressSync(all)));
      stream.end();
      return undefined;
    }),
  }));
  guest.on('layer.commit', ({ layer }: { layer: string }) => (here.add(layer), {}));
  guest.on('container.create', ({ name }: { name: string }) => ({ id: 'c1', name, warnings: [] }));
  return { bytes };
}

test('create: image, mounts and layer arrive as the guest’s specification', async (t) => {
  const pair = await hostPair(t);
  await image(pair);
  const { bytes } = takeLayers(pair);
  await mkdir(join(pair.folder, 'shared/sub'), { recursive: true });
  pair.machine.sharedFolders = [{ path: join(pair.folder, 'shared'), readOnly: false }];
  const { api } = await pair.connect();
  await api.engine.start({});
  const bind = { type: 'bind', source: join(pair.folder, 'shared/sub'), target: '/mnt', readOnly: true } as const;
  const made = await api.containers.create({ name: 'web', config: runConfig({ command: ['id'], mounts: [bind] }) });
  assert.deepEqual(made, { id: 'c1', name: 'web', warnings: [] });
  const [{ spec }] = pair.guest.asked('container.create') as [{ spec: ContainerSpec }];
  assert.deepEqual([spec.argv, spec.image.layers], [['id'], [diffId]]);
  assert.deepEqual(spec.mounts, [
    { type: 'share', share: 'fs0', subpath: 'sub', hostPath: bind.source, target: '/mnt', readOnly: true },
    { type: 'volume', name: '', target: '/data', readOnly: false, copyUp: true },
  ]);
  assert.deepEqual(pair.guest.asked('layer.put'), [{ layer: diffId, sizeBytes: content.length, contentDigest }]);
  assert.ok(bytes[0]?.equals(content));
});

test('a layer that two containers need at once is sent once; broken transfers go on where they ended', async (t) => {
  const pair = await hostPair(t);
  await image(pair);
  const { bytes } = takeLayers(pair, { present: 100, breaks: 1 });
  const { api } = await pair.connect();
  await api.engine.start({});
  await Promise.all(['a', 'b'].map((name) => api.containers.create({ name, config: runConfig() })));
  assert.equal(pair.guest.asked('layer.put').length, 2);
  assert.equal(bytes.length, 1);
  assert.ok(bytes[0]?.equals(content.subarray(100)));
});

test('a guest whose disk is full gives up layers that no container uses; still full, the cause is told', async (t) => {
  const pair = await hostPair(t);
  await image(pair);
  takeLayers(pair);
  const layer = (name: string, containers: string[]) => ({ layer: name, sizeBytes: 1, containers });
  const [idle, used] = ['b', 'c'].map((digit) => `sha256:${digit.repeat(64)}`);
  let full = true;
  pair.guest.on('layer.put', () => {
    if (full) throw new EngineError('disk-full', 'A layer of 1 MiB does not fit on the data disk.');
    return { offset: 0, stream: pair.guest.offer((stream) => stream.resume().end()) };
  });
  pair.guest.on('layer.list', () => [layer(idle ?? '', []), layer(used ?? '', ['c1']), layer(diffId, [])]);
  pair.guest.on('layer.drop', () => ({ dropped: [], reclaimedBytes: 0 }));
  const { api } = await pair.connect();
  await api.engine.start({});
  await until('what nobody needs was dropped at the start', () => pair.guest.asked('layer.drop').length === 1);
  const create = () => api.containers.create({ name: 'a', config: runConfig() });
  await assert.rejects(create(), { code: 'disk-full', message: /does not fit/ });
  assert.deepEqual(pair.guest.asked('layer.drop')[1], { layers: [idle] });
  pair.guest.on('layer.drop', () => {
    full = false;
    return { dropped: [idle], reclaimedBytes: 1 };
  });
  assert.equal((await create()).id, 'c1');
});

test('what is wrong with a request is told before anything is made', async (t) => {
  const pair = await hostPair(t);
  await image(pair);
  takeLayers(pair);
  const shared = join(pair.folder, 'shared');
  await mkdir(shared);
  pair.machine.sharedFolders = [{ path: shared, readOnly: true }];
  const { api } = await pair.connect();
  await assert.rejects(api.containers.create({ name: '', config: runConfig() }), {
    code: 'engine-stopped',
    hint: /berth start/,
  });
  await api.engine.start({});
  const bind = (source: string) => [{ type: 'bind', source, target: '/x', readOnly: false }] as const;
  const cases: [Parameters<typeof runConfig>[0], object][] = [
    [{ image: 'nothing' }, { code: 'no-such-image' }],
    [{ mounts: [...bind(join(pair.folder, 'missing'))] }, { code: 'no-such-path', message: /missing is not there/ }],
    [{ mounts: [...bind('relative')] }, { code: 'invalid-argument' }],
    [
      { mounts: [...bind(pair.folder)] },
      { code: 'not-shared', message: new RegExp(`it shares ${shared}`), hint: /machine set --share/ },
    ],
    [{ mounts: [...bind(shared)] }, { code: 'not-shared', message: /for reading alone/ }],
  ];
  for (const [config, error] of cases)
    await assert.rejects(api.containers.create({ name: '', config: runConfig(config) }), error, JSON.stringify(config));
  await image(pair, { platform: 'linux/arm64' });
  await assert.rejects(api.containers.create({ name: '', config: runConfig() }), {
    code: 'wrong-platform',
    message: /arm64.*amd64/,
  });
  assert.deepEqual([pair.guest.asked('container.create'), pair.guest.asked('layer.put')], [[], []]);
});

/** A server in the guest's place, and a guest that publishes its port as container c1's. */
async function publishing(
  pair: HostPair,
  hostPort: number,
): Promise<{ server: Server; publish: (on: boolean) => void }> {
  // Who only looks whether the port is open leaves before it has read.
  const server = createServer((socket) => socket.on('error', () => undefined).end('from the guest'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const guestPort = (server.address() as AddressInfo).port;
  let on = false;
  const port = { containerPort: 80, protocol: 'tcp', hostAddress: '127.0.0.1', hostPort } as const;
  pair.guest
    .on('network.published', () => (on ? [{ container: 'c1', ...port, guestPort }] : []))
    .on('container.inspect', () => ({ ...containerInfo('c1', { ports: [port] }) }))
    .on('container.start', () => ((on = true), {}));
  return { server, publish: (now) => (on = now) };
}

test('start: ports are open when the answer is there, told, and closed when the container has ended', async (t) => {
  const pair = await hostPair(t);
  const { server, publish } = await publishing(pair, 0);
  t.after(() => void server.close());
  const { api } = await pair.connect();
  await api.engine.start({});
  await api.containers.start({ id: 'c1', attach: false });
  const [port] = await api.containers.ports({ id: 'c1' });
  assert.deepEqual([port?.containerPort, port?.hostAddress], [80, '127.0.0.1']);
  const host = { host: '127.0.0.1', port: port?.hostPort ?? 0 };
  assert.equal((await readAll(connect(host), 100)).toString(), 'from the guest');
  publish(false);
  pair.guest.changed({ kind: 'container', id: 'c1', action: 'die' });
  await until('the port is closed', async () => {
    const socket = connect(host).on('error', () => undefined);
    const outcome: unknown = await once(socket, 'connect').catch((error: unknown) => error);
    socket.destroy();
    return outcome instanceof Error && 'code' in outcome && outcome.code === 'ECONNREFUSED';
  });
  assert.deepEqual(await api.containers.ports({ id: 'c1' }), []);
});

test('start: a busy port is told, and the guest is not asked', async (t) => {
  const pair = await hostPair(t);
  const busy = createServer().listen(0, '127.0.0.1');
  await once(busy, 'listening');
  t.after(() => void busy.close());
  const { server } = await publishing(pair, (busy.address() as AddressInfo).port);
  t.after(() => void server.close());
  const { api } = await pair.connect();
  await api.engine.start({});
  await assert.rejects(api.containers.start({ id: 'c1', attach: false }), { code: 'port-busy' });
  assert.deepEqual(pair.guest.asked('container.start'), []);
});

test('create: a busy port is told before anything is made, to a caller that starts it at once', async (t) => {
  const pair = await hostPair(t);
  await image(pair);
  takeLayers(pair);
  const busy = createServer().listen(0, '127.0.0.1');
  await once(busy, 'listening');
  t.after(() => void busy.close());
  const { api } = await pair.connect();
  await api.engine.start({});
  const hostPort = (busy.address() as AddressInfo).port;
  const ports = [{ containerPort: 80, protocol: 'tcp', hostAddress: '127.0.0.1', hostPort }] as const;
  const wanted = { name: '', config: runConfig({ ports: [...ports] }) };
  await assert.rejects(api.containers.create({ ...wanted, freePorts: true }), { code: 'port-busy' });
  assert.deepEqual([pair.guest.asked('container.create'), pair.guest.asked('layer.put')], [[], []]);
  assert.equal((await api.containers.create(wanted)).id, 'c1');
});

test('ports of containers that run on are open again after the agent’s restart', async (t) => {
  const pair = await hostPair(t);
  const { server, publish } = await publishing(pair, 0);
  t.after(() => void server.close());
  const client = await pair.connect();
  await client.api.engine.start({});
  await pair.guest.die();
  publish(true);
  const found = new Promise((resolve) =>
    client.onEvent((event) => {
      if (event.kind === 'engine' && event.state.status === 'running' && !event.state.agentLost) resolve(event);
    }),
  );
  await pair.guest.restart('second');
  await found;
  await client.api.containers.start({ id: 'c1', attach: false });
  assert.equal((await client.api.containers.ports({ id: 'c1' })).length, 1);
});

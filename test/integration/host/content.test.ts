/** Images from the control socket: archives both ways, who uses them, what guests keep of them, and whether all is whole. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { test, type TestContext } from 'node:test';
import { openStore } from '../../../app/content/store.ts';
import type { ControlClient } from '../../../app/control/client.ts';
import { imageSource } from '../../../app/services/images.ts';
import { hostOver } from '../../support/host-pair.ts';
import type { FakeMachine } from '../../support/fake-machine.ts';
import { InProcessAgent } from '../../support/in-process-agent.ts';
import { layoutArchive, makeOciLayout } from '../../support/oci-layout.ts';
import { runConfig } from '../../support/run-config.ts';
import { makeTar } from '../../support/tar.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { until } from '../../support/until.ts';

interface Stack {
  readonly agent: InProcessAgent;
  readonly client: ControlClient;
  readonly connect: (machine: string) => Promise<ControlClient>;
  readonly machine: FakeMachine;
  readonly content: string;
  /** Loads an image of one layer; equal content is an equal layer. */
  readonly load: (name: string, content: string) => Promise<string>;
  /** File names of the layers in the guest. */
  readonly layers: () => string[];
}

async function send(client: ControlClient, bytes: Buffer): Promise<string> {
  const { stream } = await client.api.images.upload({});
  const target = await client.openStream(stream);
  target.on('error', () => undefined).resume();
  pipeline(Readable.from([bytes]), target).catch(() => undefined);
  return stream;
}

async function stack(t: TestContext): Promise<Stack> {
  const folder = await temporaryFolder(t);
  const content = join(folder, 'content');
  const agent = await new InProcessAgent().start();
  const store = await openStore(content);
  t.after(async () => {
    store.close();
    await agent.dispose();
  });
  const { connect, machine } = await hostOver(t, { folder, guest: agent, images: imageSource(store, 'linux/amd64') });
  const client = await connect();
  const load = async (reference: string, text: string): Promise<string> => {
    const layout = join(folder, reference.replace(':', '-'));
    const { configDigest } = makeOciLayout(
      layout,
      [[{ path: 'bin/echo', data: text }]],
      { Cmd: ['echo'] },
      { reference },
    );
    const stream = await send(client, layoutArchive(layout));
    assert.deepEqual(await client.api.images.load({ stream }), [{ id: configDigest, references: [reference] }]);
    return configDigest;
  };
  const layers = (): string[] => readdirSync(join(agent.paths.data, 'layers'));
  return { agent, client, connect, machine, content, load, layers };
}

test('what is saved is a whole archive that loads again; a save of what is damaged says so', async (t) => {
  const { client, content, load } = await stack(t);
  const { images } = client.api;
  await load('one:1', 'content');
  const { stream } = await images.save({ references: ['one:1'] });
  const archive = await buffer(await client.openStream(stream));
  await images.saved({ stream });
  await images.remove({ reference: 'one:1', force: false });
  const [loaded] = await images.load({ stream: await send(client, archive) });
  assert.deepEqual(loaded?.references, ['one:1']);
  const digest = (await images.list({}))[0]?.digest ?? '';
  writeFileSync(join(content, 'blobs/sha256', digest.slice('sha256:'.length)), 'damaged');
  const again = await images.save({ references: ['one:1'] });
  const rest = await client.openStream(again.stream);
  const [ended] = await Promise.allSettled([images.saved({ stream: again.stream }), buffer(rest)]);
  assert.ok(ended.status === 'rejected' && /is damaged/.test(String(ended.reason)));
  await assert.rejects(images.saved({ stream: 'f'.repeat(32) }), { code: 'no-such-stream' });
  await assert.rejects(images.load({ stream: 'f'.repeat(32) }), { code: 'no-such-stream' });
});

test('a load that its caller gives up, and one of nonsense, leave nothing', async (t) => {
  const { client, content } = await stack(t);
  const { images } = client.api;
  const { stream } = await images.upload({});
  const target = await client.openStream(stream);
  target.on('error', () => undefined);
  const leave = new AbortController();
  const loading = images.load({ stream }, leave.signal);
  target.write(makeTar([{ path: 'file', data: Buffer.alloc(100_000) }]).subarray(0, 60_000));
  await until('it has begun', () => readdirSync(join(content, 'ingest')).length > 0);
  leave.abort(new Error('given up'));
  await assert.rejects(loading, /given up/);
  await assert.rejects(images.load({ stream: await send(client, Buffer.from('nonsense')) }), {
    code: 'invalid-argument',
  });
  await until('nothing is left', () => readdirSync(join(content, 'ingest')).length === 0);
  assert.deepEqual(await images.list({}), []);
});

test('a root file system becomes an image with the configuration that was asked for', async (t) => {
  const { client } = await stack(t);
  const { images } = client.api;
  const tar = makeTar([{ path: 'etc/motd', data: 'hello' }]);
  const changes = ['CMD ["motd"]', 'ENV A=b', 'LABEL made=here'];
  const request = { reference: 'root', changes, message: 'by hand', platform: '' };
  const { id } = await images.import({ stream: await send(client, tar), ...request });
  const { summary, config } = await images.inspect({ reference: 'root' });
  assert.deepEqual([summary.id, summary.references, summary.labels], [id, ['root:latest'], { made: 'here' }]);
  assert.deepEqual((config as { config: unknown }).config, { Cmd: ['motd'], Env: ['A=b'], Labels: { made: 'here' } });
  const [step] = await images.history({ reference: 'root' });
  assert.deepEqual([step?.id, step?.comment, step?.references], [id, 'by hand', ['root:latest']]);
  await assert.rejects(images.import({ stream: await send(client, tar), ...request, changes: ['RUN x'] }), {
    code: 'invalid-argument',
  });
});

test('containers protect their images; guests drop layers that neither side needs', async (t) => {
  const { client, load, layers } = await stack(t);
  const { images, containers, engine, system } = client.api;
  await engine.start({});
  const [used, idle] = [await load('used:1', 'one'), await load('idle:1', 'two')];
  const { id } = await containers.create({ name: 'user', config: runConfig({ image: 'used:1' }) });
  const other = await containers.create({ name: '', config: runConfig({ image: 'idle:1' }) });
  await containers.remove({ id: other.id, force: false, volumes: false });
  assert.equal(layers().length, 2);
  await assert.rejects(images.remove({ reference: 'used:1', force: false }), {
    code: 'in-use',
    message: /used by the stopped container user of the machine default/,
  });
  assert.equal((await system.use({})).active, 1);
  const none = { containers: false, volumes: 'none' } as const;
  const pruned = await system.prune({ ...none, images: 'all' });
  assert.deepEqual(pruned.untagged, ['idle:1']);
  assert.ok(pruned.reclaimedBytes > 0);
  assert.equal(layers().length, 1);
  assert.notEqual(used, idle);
  await images.remove({ reference: used, force: true });
  assert.equal(layers().length, 1, 'the container needs it');
  await containers.start({ id, attach: false });
  await containers.wait({ id, condition: 'not-running' });
  await containers.remove({ id, force: false, volumes: false });
  await until('its layer is gone, too', () => layers().length === 0);
});

test('a second machine uses what the first has made: no layer is built again', async (t) => {
  const { client, connect, content, load } = await stack(t);
  await load('shared:1', 'content');
  const config = runConfig({ image: 'shared:1' });
  const made = () => {
    const [name = '', ...more] = readdirSync(join(content, 'erofs'));
    assert.deepEqual(more, []);
    return statSync(join(content, 'erofs', name)).ino;
  };
  await client.api.engine.start({});
  await client.api.containers.create({ name: 'first', config });
  const first = made();
  const second = await connect('second');
  await second.api.engine.start({});
  await second.api.containers.create({ name: 'second', config });
  assert.equal(made(), first);
});

test('a machine that stands still for want of room is asked nothing by what makes room', async (t) => {
  const { client, machine, load, layers } = await stack(t);
  const { images, containers, engine, system } = client.api;
  await engine.start({});
  for (const name of ['used:1', 'other:1', 'spare:1']) await load(name, name);
  await containers.create({ name: 'user', config: runConfig({ image: 'used:1' }) });
  machine.vm.stalls.emit('the host has no room left');
  const state = await engine.state({});
  assert.match(
    (state.status === 'running' && state.suspended) || '',
    /default is suspended: the host has no room left/,
  );
  assert.equal((await system.use({})).active, 0);
  assert.deepEqual((await images.remove({ reference: 'used:1', force: false })).untagged, ['used:1']);
  assert.deepEqual((await images.remove({ reference: 'other:1', force: false })).untagged, ['other:1']);
  const request = { containers: false, volumes: 'none', images: 'all' } as const;
  assert.deepEqual((await system.prune(request)).untagged, ['spare:1']);
  assert.deepEqual((await system.check({ repair: false })).guests, []);
  await assert.rejects(system.prune({ ...request, containers: true }), { code: 'disk-full', message: /suspended/ });
  machine.vm.stalls.emit(undefined);
  assert.equal(layers().length, 1, 'the container has its layer');
  assert.equal((await containers.list({ all: true })).length, 1);
  const after = await engine.state({});
  assert.deepEqual(after.status === 'running' && [after.suspended, after.warnings], [undefined, []]);
});

test('prune takes images by age and label alone', async (t) => {
  const { client, load } = await stack(t);
  const { images, system } = client.api;
  await load('old:1', 'one');
  const request = { reference: 'new:1', changes: ['LABEL keep=yes'], message: '', platform: '' };
  await images.import({ stream: await send(client, makeTar([{ path: 'a' }])), ...request });
  const prune = async (filter: object): Promise<string[]> =>
    (await system.prune({ containers: false, volumes: 'none', images: 'all', ...filter })).untagged;
  assert.deepEqual(await prune({ untilMs: Date.parse('2020-01-01') }), []);
  assert.deepEqual(await prune({ labels: ['keep=no'] }), []);
  assert.deepEqual(await prune({ untilMs: Date.parse('2025-06-01') }), ['old:1']);
  assert.deepEqual(await prune({ withoutLabels: ['keep'] }), []);
  assert.deepEqual(await prune({ labels: ['keep=yes'] }), ['new:1']);
  const stopped = system.prune({ containers: true, volumes: 'none', images: 'none' });
  await assert.rejects(stopped, { code: 'engine-stopped' });
});

test('a check reads both sides; a repair leaves what can be made again to be made again', async (t) => {
  const { agent, client, load, layers } = await stack(t);
  const { containers, engine, system } = client.api;
  await engine.start({});
  await load('one:1', 'one');
  const { id } = await containers.create({ name: 'user', config: runConfig({ image: 'one:1' }) });
  const clean = await system.check({ repair: false });
  assert.deepEqual(clean.findings, []);
  assert.deepEqual(clean.guests, [{ machine: 'default', layers: 1 }]);
  writeFileSync(join(agent.paths.data, 'layers', layers()[0] ?? ''), 'damaged');
  const [used] = (await system.check({ repair: true })).findings;
  assert.deepEqual([used?.place, used?.kind, used?.repaired], ['default', 'layer', false]);
  assert.match(used?.next ?? '', new RegExp(`berth rm -f ${id.slice(0, 12)}`));
  await containers.remove({ id, force: true, volumes: false });
  const [idle] = (await system.check({ repair: true })).findings;
  assert.deepEqual([idle?.repaired, idle?.next, layers()], [true, '', []]);
  await containers.create({ name: 'again', config: runConfig({ image: 'one:1' }) });
  assert.deepEqual((await system.check({ repair: false })).findings, []);
});

test('a layer whose file on the host is damaged is made anew when a guest finds that out', async (t) => {
  const { agent, client, content, load, layers } = await stack(t);
  const { containers, engine, system } = client.api;
  await engine.start({});
  await load('one:1', 'one');
  const config = runConfig({ image: 'one:1' });
  const { id } = await containers.create({ name: 'first', config });
  await containers.remove({ id, force: true, volumes: false });
  writeFileSync(join(agent.paths.data, 'layers', layers()[0] ?? ''), 'damaged');
  assert.equal((await system.check({ repair: true })).findings.length, 1);
  const file = join(content, 'erofs', readdirSync(join(content, 'erofs'))[0] ?? '');
  writeFileSync(file, readFileSync(file).fill('x', 5000, 5100));
  await containers.create({ name: 'second', config });
  assert.deepEqual((await system.check({ repair: false })).findings, []);
});

test('an agent that is killed while a layer comes in: afterwards the layer is whole, and nothing half of it is left', async (t) => {
  const { agent, client, load, layers } = await stack(t);
  const { containers, engine, system } = client.api;
  await engine.start({});
  await load('big:1', randomBytes(12_000_000).toString('latin1'));
  const config = runConfig({ image: 'big:1' });
  const creating = Promise.allSettled([containers.create({ name: 'first', config })]);
  await until('some of it is there', () => layers().length > 0);
  await agent.stop();
  await agent.start();
  await creating;
  await until('the agent is back', async () => {
    const state = await engine.state({});
    return state.status === 'running' && !state.agentLost;
  });
  await containers.create({ name: 'second', config });
  assert.match(layers().join(), /^[0-9a-f]{64}\.erofs$/);
  assert.deepEqual((await system.check({ repair: false })).findings, []);
});

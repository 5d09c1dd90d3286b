/** The library that most tools of Node use, over everything but the kernel and the machine. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { buffer, json, text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import Docker from 'dockerode';
import { dockerStack } from '../../support/docker-stack.ts';
import { makeTar } from '../../support/tar.ts';
import { until } from '../../support/until.ts';

async function stack(t: TestContext) {
  const made = await dockerStack(t);
  return { ...made, docker: new Docker({ socketPath: made.socketPath }) };
}

test('attach before start: no byte is missed, and the wait that was begun before tells the exit code', async (t) => {
  const { docker, socketPath } = await stack(t);
  const container = await docker.createContainer({ Image: 'tiny', Cmd: ['echo', 'first', 'bytes'] });
  const stream = await container.attach({ stream: true, stdout: true, stderr: true, hijack: true });
  // Its head tells that it has begun; two requests at once come in any order.
  const path = `/containers/${container.id}/wait?condition=next-exit`;
  const [waiting] = (await once(request({ socketPath, method: 'POST', path }).end(), 'response')) as [IncomingMessage];
  const [out, err] = [new PassThrough(), new PassThrough()];
  docker.modem.demuxStream(stream, out, err);
  stream.once('end', () => out.end());
  await container.start();
  assert.equal(await text(out), 'first bytes\n');
  assert.deepEqual(await json(waiting), { StatusCode: 0 });
  await container.remove();
  await assert.rejects(container.inspect(), { statusCode: 404 });
});

test('two attach before a start: both see the output; a failed start ends those who wait', async (t) => {
  const { docker } = await stack(t);
  const container = await docker.createContainer({ Image: 'tiny', Cmd: ['sleep'], Tty: true });
  const attach = () => container.attach({ stream: true, stdout: true, hijack: true });
  const streams = await Promise.all([attach(), attach()]);
  await container.start();
  await container.kill();
  await Promise.all(streams.map(async (stream) => buffer(stream)));
  const broken = await docker.createContainer({ Image: 'tiny', Cmd: ['missing'] });
  const waiting = await broken.attach({ stream: true, stdout: true, hijack: true });
  await assert.rejects(broken.start(), { statusCode: 400 });
  assert.equal((await buffer(waiting)).length, 0);
});

test('logs: framed and raw, with times, the end of a follow', async (t) => {
  const { docker } = await stack(t);
  const container = await docker.createContainer({ Image: 'tiny', Cmd: ['echo', 'said'] });
  await container.start();
  await container.wait();
  const framed = await container.logs({ stdout: true, stderr: true });
  assert.equal(framed.toString('latin1'), '\x01\0\0\0\0\0\0\x05said\n');
  const followed = await container.logs({ stdout: true, follow: true, timestamps: true });
  assert.match(await text(followed), /\d{4}-\d\d-\d\dT[\d:.]+Z said\n$/);
  await assert.rejects(container.logs({}), { statusCode: 400 });
  assert.equal((await container.logs({ stdout: true, details: true })).toString('latin1').slice(8), ' said\n');
  const raw = await docker.createContainer({ Image: 'tiny', Cmd: ['echo', 'said'], Tty: true });
  await raw.start();
  await raw.wait();
  assert.equal((await raw.logs({ stdout: true })).toString(), 'said\n');
});

test('events: live by filter, and what was by since and until', async (t) => {
  const { docker } = await stack(t);
  const began = Math.floor(Date.now() / 1000);
  const live = await docker.getEvents({ filters: { event: ['die'], label: ['kind=told'] } });
  const first = once(live, 'data') as Promise<[Buffer]>;
  for (const kind of ['untold', 'told']) {
    const container = await docker.createContainer({ Image: 'tiny', Cmd: ['false'], Labels: { kind } });
    await container.start();
    await container.wait();
  }
  const [line] = await first;
  const event = JSON.parse(line.toString()) as { Action: string; Actor: { Attributes: Record<string, string> } };
  assert.deepEqual(
    [event.Action, event.Actor.Attributes['exitCode'], event.Actor.Attributes['image']],
    ['die', '1', 'tiny'],
  );
  (live as unknown as Readable).destroy();
  const past = await docker.getEvents({
    since: began,
    until: Math.ceil(Date.now() / 1000),
    filters: { type: ['container'] },
  });
  const actions = (await text(past))
    .trim()
    .split('\n')
    .map((one) => (JSON.parse(one) as { Action: string }).Action);
  assert.deepEqual(actions.slice(0, 3), ['create', 'start', 'die']);
  const until = Math.ceil(Date.now() / 1000);
  const ended = await text(await docker.getEvents({ until, filters: { event: ['die'] } }));
  assert.equal(ended.trim().split('\n').length, 2);
});

test('a client that leaves while it waits is forgotten', async (t) => {
  const { docker, client } = await stack(t);
  const container = await docker.createContainer({ Image: 'tiny', Cmd: ['sleep'], name: 'left' });
  const stream = await container.attach({ stream: true, stdin: true, stdout: true, hijack: true });
  (stream as unknown as Readable).destroy();
  await container.start();
  await until(
    'it runs without the client',
    async () => (await client.api.containers.inspect({ id: 'left' })).state.status === 'running',
  );
  await container.remove({ force: true });
});

test('a change by another front door is seen: a start gives the waiting client its bytes', async (t) => {
  const { docker, client } = await stack(t);
  const container = await docker.createContainer({ Image: 'tiny', Cmd: ['sleep'], Tty: true });
  const stream = await container.attach({ stream: true, stdout: true, hijack: true });
  await client.api.containers.start({ id: container.id, attach: false });
  await until(
    'it is attached',
    async () => (await client.api.containers.inspect({ id: container.id })).state.status === 'running',
  );
  await container.kill();
  assert.equal((await buffer(stream)).length, 0);
});

test('the engine is booted by the first request that needs it', async (t) => {
  const { docker, client } = await stack(t);
  await client.api.engine.stop({ force: true });
  await docker.ping();
  await docker.version();
  assert.equal((await docker.listImages()).length, 1);
  assert.equal((await client.api.engine.state({})).status, 'stopped');
  await docker.listContainers();
  assert.equal((await client.api.engine.state({})).status, 'running');
});

test('images, volumes, networks and prunes are told like containers', async (t) => {
  const { docker } = await stack(t);
  const began = Math.floor(Date.now() / 1000);
  await docker.getImage('tiny').tag({ repo: 'other', tag: 'v1' });
  await docker.getImage('other:v1').remove();
  await text(await docker.getImage('tiny').get());
  await docker.createVolume({ Name: 'told' });
  const network = await docker.createNetwork({ Name: 'told' });
  const container = await docker.createContainer({
    ...{ Image: 'tiny', Cmd: ['sleep'], name: 'told' },
    HostConfig: { Binds: ['told:/data:ro'] },
  });
  await container.start();
  await container.kill();
  await container.wait();
  await container.remove();
  await docker.getVolume('told').remove();
  await network.remove();
  await docker.pruneImages();
  const told = async (filters: Record<string, string[]>) => {
    const past = await docker.getEvents({ since: began, until: Date.now() / 1000 + 0.001, filters });
    const lines = (await text(past)).trim().split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as EventLine);
  };
  const words = (lines: EventLine[]) => lines.map(({ Type, Action }) => `${Type} ${Action}`);
  const { Id } = await docker.getImage('tiny').inspect();
  const ofImages = await told({ type: ['image'] });
  assert.deepEqual(words(ofImages), ['image tag', 'image untag', 'image save', 'image prune']);
  assert.deepEqual(ofImages[0]?.Actor, { ID: Id, Attributes: { name: 'other:v1' } });
  assert.deepEqual(words(await told({ volume: ['told'] })), [
    ...['volume create', 'volume mount', 'volume unmount', 'volume destroy'],
  ]);
  const mount = (await told({ type: ['volume'], event: ['mount'] }))[0];
  assert.deepEqual(mount?.Actor.Attributes, {
    ...{ container: container.id, driver: 'local', destination: '/data', propagation: '', 'read/write': 'false' },
  });
  assert.deepEqual(words(await told({ network: ['tol'] })), ['network create', 'network destroy']);
  assert.deepEqual(words(await told({ image: ['tiny'], type: ['container'] })), [
    ...['container create', 'container start', 'container kill', 'container die', 'container destroy'],
  ]);
});

interface EventLine {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
}

test('volumes from other containers, with options and labels of their own, and parts of volumes', async (t) => {
  const { docker } = await stack(t);
  const make = (name: string, HostConfig: object) =>
    docker.createContainer({ Image: 'tiny', Cmd: ['sleep'], name, HostConfig });
  const mountsOf = async (name: string) =>
    (await docker.getContainer(name).inspect()).Mounts.map(({ Name, Destination, RW }) => ({ Name, Destination, RW }));
  const device = { type: 'tmpfs', device: 'tmpfs' };
  const VolumeOptions = { Labels: { a: 'b' }, DriverConfig: { Name: 'local', Options: device }, Subpath: 'sub/folder' };
  await make('giver', {
    Binds: ['one:/one', 'two:/two'],
    Mounts: [{ Type: 'volume', Source: 'made', Target: '/made', VolumeOptions }],
  });
  const { Options, Labels } = await docker.getVolume('made').inspect();
  assert.deepEqual({ Options, Labels }, { Options: device, Labels: { a: 'b' } });
  await make('taker', { VolumesFrom: ['giver:ro'], Binds: ['own:/two'] });
  assert.deepEqual(await mountsOf('taker'), [
    { Name: 'own', Destination: '/two', RW: true },
    { Name: 'one', Destination: '/one', RW: false },
    { Name: 'made', Destination: '/made', RW: false },
  ]);
  await assert.rejects(make('lost', { VolumesFrom: ['nobody'] }), { statusCode: 400, message: /No such container/ });
  await assert.rejects(docker.createVolume({ Name: 'odd', DriverOpts: { type: 'none' } }), { statusCode: 400 });
});

test('what a container’s state forbids is told in the words that Docker has for it', async (t) => {
  const { docker } = await stack(t);
  const container = await docker.createContainer({ Image: 'tiny', Cmd: ['sleep'], name: 'stubborn' });
  await docker.createContainer({ Image: 'tiny', Cmd: ['sleep'], name: 'other' });
  const { id } = container;
  const told = (work: Promise<unknown>, statusCode: number, message: RegExp) =>
    assert.rejects(work, { statusCode, message });
  await told(container.pause(), 409, new RegExp(`container ${id} is not running`));
  await told(container.top(), 409, /is not running/);
  await container.start();
  await told(container.remove(), 409, /cannot remove container "\/stubborn": container is running: stop the container/);
  await told(container.unpause(), 500, new RegExp(`Container ${id} is not paused`));
  await container.pause();
  await told(container.pause(), 409, new RegExp(`Container ${id} is already paused`));
  await container.unpause();
  await told(container.rename({ name: 'stubborn' }), 400, /same name as its current name/);
  await told(container.rename({ name: 'b/d' }), 400, /Invalid container name \(\/b\/d\)/);
  await told(container.rename({ name: 'other' }), 409, /Conflict\. The container name "\/other" is already in use/);
  const joined = docker.createContainer({ Image: 'tiny', HostConfig: { PidMode: 'container:nobody' } });
  await told(joined, 400, /No such container: nobody/);
  await told(docker.createContainer({ Image: 'tiny', platform: 'linux/s390x' }), 404, /does not match the specified/);
  await told(docker.createNetwork({ Name: 'bridge' }), 403, /predefined bridge network/);
  await told(docker.getPlugin('odd', 'odd').inspect(), 404, /plugin "odd" not found/);
});

test('unnamed volumes are pruned, and what a removal of an image deletes is told by its id', async (t) => {
  const { docker } = await stack(t);
  const { name } = await docker.createVolume({});
  await docker.createVolume({ Name: 'named' });
  assert.deepEqual((await docker.pruneVolumes()).VolumesDeleted, [name]);
  await docker.getImage('tiny').tag({ repo: 'other/tiny', tag: '1' });
  const [listed] = await docker.listImages({ filters: { reference: ['other/*'] } });
  assert.deepEqual(listed?.RepoTags, ['other/tiny:1']);
  assert.match(String(listed.RepoDigests), /^other\/tiny@sha256:\w+$/);
  await docker.getImage('other/tiny:1').remove();
  const { Id, RepoDigests } = await docker.getImage('tiny').inspect();
  assert.match(RepoDigests[0] ?? '', /^tiny@sha256:[0-9a-f]{64}$/);
  assert.deepEqual(await docker.getImage('tiny').remove(), [{ Untagged: 'tiny:latest' }, { Deleted: Id }]);
});

test('an archive is imported from where it is', async (t) => {
  const { docker } = await stack(t);
  const server = createServer((_, response) => response.end(makeTar([{ path: 'etc/word', data: 'fetched' }])));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const from = (path: string) =>
    docker.createImage(undefined, { fromSrc: `http://127.0.0.1:${path}`, repo: 'fetched', tag: '1' });
  const lines = (await text(await from(`${port}/root.tar`))).trim().split('\r\n');
  const said = lines.map((line) => (JSON.parse(line) as { status: string }).status);
  assert.deepEqual(said.slice(0, 2), [`Downloading from http://127.0.0.1:${port}/root.tar`, 'Importing']);
  assert.equal((await docker.getImage('fetched:1').inspect()).Id, said.at(-1));
  await assert.rejects(from('1/root.tar'), { statusCode: 500 });
});

test('what volumes take is counted: by df, and by the prune that gives it back', async (t) => {
  const { socketPath } = await dockerStack(t);
  const docker = new Docker({ socketPath, version: 'v1.45' });
  const { name } = await docker.createVolume({});
  const { Mountpoint } = await docker.getVolume(name).inspect();
  writeFileSync(join(Mountpoint, 'file'), Buffer.alloc(20_000, 1));
  const { Volumes } = (await docker.df()) as { Volumes: { UsageData: { Size: number; RefCount: number } }[] };
  const [size, users] = [Volumes[0]?.UsageData.Size ?? 0, Volumes[0]?.UsageData.RefCount];
  assert.ok(size >= 20_000 && users === 0, `${size} ${users}`);
  assert.equal((await docker.pruneVolumes()).SpaceReclaimed, size);
});

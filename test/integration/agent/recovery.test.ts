import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { containerMethods as container } from '../../../guest-agent/protocol/container.ts';
import type { ContainerSpec } from '../../../guest-agent/protocol/container-spec.ts';
import { layerArchiveMethods as archive } from '../../../guest-agent/protocol/archive.ts';
import { layerMethods as layer } from '../../../guest-agent/protocol/layer.ts';
import { EngineError } from '../../../guest-agent/protocol/errors.ts';
import { handshakeMethods as handshake } from '../../../guest-agent/protocol/handshake.ts';
import { guestMethods as guest } from '../../../guest-agent/protocol/guest.ts';
import { shareMethods as share } from '../../../guest-agent/protocol/share.ts';
import { protocolVersion } from '../../../guest-agent/protocol/version.ts';
import { containerSpec, plainLayer } from '../../support/container-spec.ts';
import { InProcessAgent, type Client } from '../../support/in-process-agent.ts';
import { PlayedKernel } from '../../support/played-kernel.ts';
import { until } from '../../support/until.ts';

let agent: InProcessAgent;
let client: Client;

beforeEach(async () => {
  agent = await new InProcessAgent().start();
  client = agent.client();
  await client.sendLayer(plainLayer, Buffer.from('an image'));
});
afterEach(() => agent.dispose());

async function run(name: string, changes: Partial<ContainerSpec> = {}): Promise<string> {
  const spec = containerSpec({ argv: ['sleep'], ...changes });
  const { id } = await client.call(container.create, { name, spec });
  await client.call(container.start, { id, attach: false });
  return id;
}

async function startAgain(boot?: string): Promise<void> {
  await agent.stop();
  await agent.start(boot);
  client = agent.client();
}

const namespaces = { ...containerSpec().namespaces, network: 'bridge' };
const ports = [{ containerPort: 80, protocol: 'tcp' as const, hostAddress: '', hostPort: 0 }];

describe('when the agent comes back', () => {
  test('what runs is found again, with its address and ports, and its end is seen', async () => {
    const id = await run('web', { namespaces, ports });
    const before = await client.call(container.inspect, { id });
    const published = agent.engine.networks.ports.list();
    await startAgain();
    const after = await client.call(container.inspect, { id });
    assert.deepEqual(after, before);
    assert.deepEqual(agent.engine.networks.ports.list(), published);
    const other = await run('other', { namespaces });
    const { endpoints } = await client.call(container.inspect, { id: other });
    assert.notEqual(endpoints[0]?.ipv4, before.endpoints[0]?.ipv4);
    const ended = client.call(container.wait, { id, condition: 'not-running' });
    await client.call(container.kill, { id, signal: 'TERM' });
    assert.deepEqual(await ended, { exitCode: 143 });
  });

  test('what ended meanwhile has its exit code; what goes by itself is gone', async () => {
    const kept = await run('kept');
    const gone = await run('gone', { autoRemove: true });
    const processes = [...agent.kernel.running.values()];
    await agent.stop();
    for (const process of processes) process.end(42);
    await startAgain();
    const { state } = await client.call(container.inspect, { id: kept });
    assert.ok(state.status === 'exited' && state.exitCode === 42 && state.error === undefined);
    await assert.rejects(client.call(container.inspect, { id: gone }), EngineError);
    assert.deepEqual(readdirSync(join(agent.paths.data, 'containers')), [kept]);
  });

  test('a process that began in another boot is not looked for', async () => {
    const id = await run('old', { namespaces });
    const gone = await run('gone', { autoRemove: true });
    await agent.stop();
    agent.kernel = new PlayedKernel();
    await startAgain('second boot');
    const { state, endpoints } = await client.call(container.inspect, { id });
    assert.ok(state.status === 'exited' && state.exitCode === 137 && state.error === 'VM stopped');
    assert.deepEqual(endpoints, []);
    await assert.rejects(client.call(container.inspect, { id: gone }), EngineError);
    await client.call(container.start, { id, attach: false });
    assert.equal((await client.call(container.inspect, { id })).state.status, 'running');
  });

  test('a cgroup parent stays for whoever is in it, and goes with the last', async () => {
    const berth = join(agent.paths.cgroups, 'berth');
    const first = await run('first', { cgroupParent: '/group/sub' });
    const second = await run('second', { cgroupParent: 'group', autoRemove: true });
    const stray = join(berth, 'group/sub', 'f'.repeat(64));
    mkdirSync(stray);
    mkdirSync(join(berth, 'old/empty'), { recursive: true });
    await startAgain();
    assert.ok(existsSync(join(berth, 'group/sub', first)) && existsSync(join(berth, 'group', second)));
    assert.ok(!existsSync(stray));
    assert.deepEqual(readdirSync(berth), ['group']);
    await client.call(container.remove, { id: first, force: true, volumes: true });
    await until('the inner parent is gone', () => !existsSync(join(berth, 'group/sub')));
    assert.ok(existsSync(join(berth, 'group', second)));
    await client.call(container.kill, { id: second, signal: 'KILL' });
    await until('the outer parent is gone', () => !existsSync(join(berth, 'group')));
    await assert.rejects(run('wrong', { cgroupParent: '../out' }), /--cgroup-parent/);
  });

  test('what nobody knows is cleaned away', async () => {
    const stray = 'f'.repeat(64);
    mkdirSync(join(agent.paths.data, 'containers', stray, 'rw'), { recursive: true });
    mkdirSync(join(agent.paths.cgroups, 'berth', stray));
    mkdirSync(join(agent.paths.cgroups, 'berth', 'unshare-abc', 'busy'), { recursive: true });
    mkdirSync(join(agent.paths.cgroups, 'berth', 'unshare-def'));
    mkdirSync(join(agent.paths.data, 'volumes', 'half-removed'));
    writeFileSync(join(agent.paths.run, 'monitors', 'stray.sock'), '');
    writeFileSync(join(agent.paths.data, 'layers', `${'e'.repeat(64)}.erofs`), 'no record');
    await startAgain();
    await agent.engine.trash.emptied();
    assert.deepEqual(readdirSync(join(agent.paths.data, 'containers')), []);
    assert.deepEqual(readdirSync(join(agent.paths.cgroups, 'berth')), ['unshare-abc']);
    assert.deepEqual(readdirSync(join(agent.paths.data, 'volumes')), []);
    assert.deepEqual(readdirSync(join(agent.paths.run, 'monitors')), []);
    assert.deepEqual(readdirSync(join(agent.paths.data, 'trash')), []);
    assert.deepEqual(
      (await client.call(layer.list, {})).map((one) => one.layer),
      [plainLayer],
    );
  });

  test('a start cut short is finished: running in this boot, ended after another', async () => {
    const [alive, never] = [await run('alive'), await run('never')];
    const cutShort = (id: string): void => {
      const { record } = agent.engine.containers.get(id);
      agent.engine.store.saveContainer({ ...record, state: { status: 'created' }, starting: true });
    };
    cutShort(alive);
    await client.call(container.kill, { id: never, signal: 'KILL' });
    await client.call(container.wait, { id: never, condition: 'not-running' });
    cutShort(never);
    await startAgain();
    assert.equal((await client.call(container.inspect, { id: alive })).state.status, 'running');
    assert.equal((await client.call(container.inspect, { id: never })).state.status, 'created');
    cutShort(alive);
    agent.kernel = new PlayedKernel();
    await startAgain('second boot');
    const { state } = await client.call(container.inspect, { id: alive });
    assert.ok(state.status === 'exited' && state.error === 'VM stopped');
  });

  test('a lost monitor ends its container', async () => {
    const id = await run('lost');
    await agent.stop();
    agent.kernel = new PlayedKernel();
    await startAgain();
    const { state } = await client.call(container.inspect, { id });
    assert.ok(state.status === 'exited' && state.exitCode === 137 && state.error?.includes('monitor'));
  });
});

describe('what the agent’s end has left undone', () => {
  const cgroup = (id: string, file: string): string => join(agent.paths.cgroups, 'berth', id, file);
  const process = () => [...agent.kernel.running.values()].at(-1);
  const stateOf = async (id: string) => (await client.call(container.inspect, { id })).state;

  test('an end for want of memory is told as such', async () => {
    const id = await run('eater');
    writeFileSync(cgroup(id, 'memory.events'), 'low 0\noom 1\noom_kill 1\n');
    await agent.stop();
    process()?.end(137, 9);
    await startAgain();
    const state = await stateOf(id);
    assert.ok(state.status === 'exited' && state.oomKilled);
  });

  test('the pause of a commit is over, a pause of the user’s is not', async () => {
    const [read, paused, plain] = [await run('read'), await run('paused'), await run('plain')];
    await client.call(container.pause, { id: paused });
    await client.call(archive.layer, { id: read, pause: true });
    assert.equal((await stateOf(read)).status, 'paused');
    // As when it died between the two halves of a pause.
    writeFileSync(cgroup(plain, 'cgroup.freeze'), '1');
    await startAgain();
    for (const [id, status, frozen] of [
      [read, 'running', '0'],
      [paused, 'paused', '1'],
      [plain, 'running', '0'],
    ] as const) {
      assert.equal((await stateOf(id)).status, status);
      assert.equal(readFileSync(cgroup(id, 'cgroup.freeze'), 'utf8'), frozen);
    }
    await startAgain();
    assert.equal((await stateOf(read)).status, 'running');
  });

  test('who asks again for an end that came meanwhile has it', async () => {
    const [kept, gone] = [await run('kept'), await run('gone', { autoRemove: true })];
    const processes = [...agent.kernel.running.values()];
    await agent.stop();
    for (const one of processes) one.end(42);
    await startAgain();
    const [next, removed] = [
      { id: kept, condition: 'next-exit' as const },
      { id: gone, condition: 'removed' as const },
    ];
    assert.deepEqual(await client.call(container.wait, { ...next, again: true }), { exitCode: 42 });
    assert.deepEqual(await client.call(container.wait, { ...removed, again: true }), { exitCode: 42 });
    await assert.rejects(client.call(container.wait, removed), { code: 'no-such-container' });
    const { id } = await client.call(container.create, { name: 'new', spec: containerSpec({ argv: ['false'] }) });
    const first = client.call(container.wait, { id, condition: 'next-exit', again: true });
    await client.call(container.start, { id, attach: false });
    assert.deepEqual(await first, { exitCode: 1 });
  });

  test('a start by a policy waits for the host’s folders', async () => {
    const params = { tag: 'fs0', mount: { type: 'virtiofs', source: 'fs0', options: '' }, readOnly: false };
    const mountFolders = async (): Promise<void> => {
      await client.call(share.mount, params);
      await client.call(guest.ready, {});
    };
    await mountFolders();
    const mount = { share: 'fs0', subpath: '', hostPath: '/home/x', target: '/x', readOnly: false };
    const id = await run('shared', {
      mounts: [{ type: 'share', ...mount }],
      restart: { name: 'always', maximumRetries: 0 },
    });
    await agent.stop();
    process()?.end(1);
    await startAgain();
    const waiting = await stateOf(id);
    assert.ok(waiting.status === 'exited' && waiting.restartsAt !== undefined);
    const due = Number(BigInt(waiting.restartsAt) / 1_000_000n);
    await until('it is time', () => Date.now() > due + 50);
    assert.deepEqual(await stateOf(id), waiting);
    await mountFolders();
    await until('it runs', async () => (await stateOf(id)).status === 'running');
  });
});

describe('without a data disk', () => {
  test('the agent tells why, refuses the rest, and still turns the power off', async () => {
    await agent.stop();
    writeFileSync(join(agent.paths.data, 'agent.db'), Buffer.alloc(8192, 'no database '));
    await agent.start();
    const rescued = agent.client();
    const hello = await rescued.call(handshake.hello, { protocolVersion, hostVersion: '0.1.0' });
    assert.match(hello.dataDiskFailure ?? '', /not a database/);
    await assert.rejects(rescued.call(container.list, { all: true }), (error: unknown) => {
      assert.ok(error instanceof EngineError && error.code === 'data-disk-corrupt' && error.hint !== undefined);
      return true;
    });
    await rescued.call(guest.shutdown, { timeoutSeconds: 1 });
    await until('power off', () => agent.powerOffs === 1);
  });
});

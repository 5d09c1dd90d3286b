import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { containerMethods as container } from '../../../guest-agent/protocol/container.ts';
import type { ContainerSpec } from '../../../guest-agent/protocol/container-spec.ts';
import { EngineError, type ErrorCode } from '../../../guest-agent/protocol/errors.ts';
import { execMethods as exec } from '../../../guest-agent/protocol/exec.ts';
import { guestMethods as guest } from '../../../guest-agent/protocol/guest.ts';
import { volumeMethods as volume } from '../../../guest-agent/protocol/volume.ts';
import { layerMount } from '../../../guest-agent/services/paths.ts';
import { containerSpec, plainLayer } from '../../support/container-spec.ts';
import { InProcessAgent, type Client } from '../../support/in-process-agent.ts';
import { until } from '../../support/until.ts';

let agent: InProcessAgent;
let client: Client;

beforeEach(async () => {
  agent = await new InProcessAgent().start();
  client = agent.client();
  await client.sendLayer(plainLayer, Buffer.from('an image'));
});
afterEach(() => agent.dispose());

async function create(changes: Partial<ContainerSpec>, name = ''): Promise<string> {
  return (await client.call(container.create, { name, spec: containerSpec(changes) })).id;
}

async function run(changes: Partial<ContainerSpec>, name = ''): Promise<string> {
  const id = await create(changes, name);
  await client.call(container.start, { id, attach: false });
  return id;
}

function refusal(code: ErrorCode): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof EngineError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  };
}

describe('execs', () => {
  test('run in a running container and keep their exit code', async () => {
    const id = await run({ argv: ['sleep'] });
    const spec = { container: id, env: [], workdir: '', user: '', tty: false, openStdin: false, privileged: false };
    const made = await client.call(exec.create, { ...spec, argv: ['echo', 'inside'] });
    const { stream } = await client.call(exec.start, { id: made.id, attach: true });
    assert.equal((await buffer(client.stream(stream ?? ''))).toString('latin1', 5, 12), 'inside\n');
    assert.deepEqual(await client.call(exec.wait, { id: made.id }), { exitCode: 0 });
    await assert.rejects(client.call(exec.start, { id: made.id, attach: false }), refusal('wrong-state'));
    const bad = await client.call(exec.create, { ...spec, argv: ['missing'] });
    await assert.rejects(client.call(exec.start, { id: bad.id, attach: false }), refusal('command-not-found'));
    assert.equal((await client.call(exec.inspect, { id: bad.id })).exitCode, 127);
    await until('nothing is left', () => readdirSync(join(agent.paths.run, 'processes')).length === 0);
    await client.call(container.kill, { id, signal: 'KILL' });
    await until('it has ended', async () => (await client.call(container.inspect, { id })).state.status === 'exited');
    await assert.rejects(client.call(exec.create, { ...spec, argv: ['true'] }), refusal('wrong-state'));
  });
});

describe('volumes', () => {
  test('anonymous ones go with their container, named ones stay until nobody uses them', async () => {
    const mounts: ContainerSpec['mounts'] = [
      { type: 'volume', name: '', target: '/a', readOnly: false, copyUp: false },
      { type: 'volume', name: 'data', target: '/b', readOnly: false, copyUp: false },
    ];
    const id = await run({ mounts });
    assert.equal((await client.call(volume.list, {})).length, 2);
    await assert.rejects(client.call(volume.remove, { name: 'data', force: true }), refusal('in-use'));
    await client.call(container.remove, { id, force: true, volumes: true });
    assert.deepEqual(
      (await client.call(volume.list, {})).map(({ name }) => name),
      ['data'],
    );
    await client.call(volume.remove, { name: 'data', force: false });
    await assert.rejects(client.call(volume.inspect, { name: 'data' }), refusal('no-such-volume'));
    await agent.engine.trash.emptied();
    assert.deepEqual(readdirSync(join(agent.paths.data, 'trash')), []);
  });
});

describe('the end of the guest', () => {
  test('shutdown stops what runs, then turns the power off, once', async () => {
    const id = await run({ argv: ['stubborn'], stopTimeoutSeconds: 60 });
    await Promise.all([
      client.call(guest.shutdown, { timeoutSeconds: 0 }),
      client.call(guest.shutdown, { timeoutSeconds: 0 }),
    ]);
    const { state } = await client.call(container.inspect, { id });
    assert.ok(state.status === 'exited' && state.exitCode === 137);
    await until('power off', () => agent.powerOffs === 1);
  });
});

describe('volumes of the local driver’s options', () => {
  const at = (name: string, more: object) =>
    ({ type: 'volume', name, target: '/v', readOnly: false, copyUp: true, ...more }) as const;
  const mounted = () => agent.kernel.applied.flatMap((op) => (op.op === 'mount' ? [`${op.type} ${op.data}`] : []));

  test('are mounted while containers use them', async () => {
    const options = { type: 'tmpfs', device: 'tmpfs', o: 'size=1m,noexec' };
    const { mountpoint } = await client.call(volume.create, { name: 'memory', labels: {}, options });
    assert.deepEqual((await client.call(volume.inspect, { name: 'memory' })).options, options);
    const ids = [await run({ argv: ['sleep'], mounts: [at('memory', {})] })];
    ids.push(await run({ argv: ['sleep'], mounts: [at('memory', {})] }));
    assert.equal(mounted().filter((mount) => mount === 'tmpfs size=1m').length, 1);
    for (const id of ids) {
      assert.ok(!agent.kernel.unmounted.includes(mountpoint));
      await client.call(container.kill, { id, signal: 'KILL' });
      await client.call(container.wait, { id, condition: 'not-running' });
    }
    await until('it is unmounted', () => agent.kernel.unmounted.includes(mountpoint));
  });

  test('are refused as Docker’s driver does', async () => {
    const make = (options: Record<string, string>) => client.call(volume.create, { name: 'odd', labels: {}, options });
    await assert.rejects(make({ foo: 'bar' }), { message: 'create odd: invalid option: "foo"' });
    await assert.rejects(make({ type: 'none' }), { message: 'create odd: missing required option: "device"' });
    await assert.rejects(make({ device: '/dev/x' }), { message: 'create odd: missing required option: "type"' });
    assert.deepEqual(await client.call(volume.list, {}), []);
  });

  test('a path in a volume is mounted when it is there', async () => {
    const { mountpoint } = await client.call(volume.create, { name: 'parts', labels: {} });
    const id = await create({ argv: ['sleep'], mounts: [at('parts', { subpath: 'one/two' })] });
    await assert.rejects(client.call(container.start, { id, attach: false }), refusal('no-such-path'));
    mkdirSync(join(mountpoint, 'one/two'), { recursive: true });
    await client.call(container.start, { id, attach: false });
    const opened = agent.kernel.plans.at(-1)?.outside.flatMap((op) => (op.op === 'openTree' ? [op.source] : []));
    assert.ok(opened?.includes(`${mountpoint}/./one/two`), String(opened));
  });

  test('a path in a volume that is empty gets what the image has there, for a new container alone', async () => {
    const { mountpoint } = await client.call(volume.create, { name: 'parts', labels: {} });
    const [empty, used] = ['empty', 'used'].map((name) => join(mountpoint, name));
    assert.ok(empty !== undefined && used !== undefined);
    mkdirSync(empty);
    mkdirSync(join(used, 'own'), { recursive: true });
    for (const name of ['v', 'w'])
      mkdirSync(join(layerMount(agent.paths, plainLayer), name, 'image'), { recursive: true });
    const mounts = [at('parts', { subpath: 'empty' }), at('parts', { subpath: 'used', target: '/w' })];
    const id = await run({ argv: ['sleep'], mounts: [...mounts, at('', { target: '/x' })] });
    assert.deepEqual([readdirSync(empty), readdirSync(used)], [['image'], ['own']]);
    rmSync(join(empty, 'image'), { recursive: true });
    await client.call(container.restart, { id, timeoutSeconds: 0 });
    assert.deepEqual(readdirSync(empty), []);
    await run({ argv: ['sleep'], mounts: [at('parts', { subpath: 'empty', copyUp: false })] });
    assert.deepEqual(readdirSync(empty), []);
  });

  test('a container without a log has none to read', async () => {
    const id = await run({ argv: ['echo', 'lost'], log: { driver: 'none', maxBytes: 0, maxFiles: 1 } });
    const asked = { id, follow: false, stdout: true, stderr: true, tail: -1 };
    await assert.rejects(client.call(container.logs, asked), refusal('unsupported'));
    assert.equal(agent.kernel.plans.at(-1)?.monitor.logPath, '');
  });
});

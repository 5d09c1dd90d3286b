import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { containerMethods as container } from '../../../guest-agent/protocol/container.ts';
import type { ContainerSpec } from '../../../guest-agent/protocol/container-spec.ts';
import { EngineError, type ErrorCode } from '../../../guest-agent/protocol/errors.ts';
import { execMethods as exec } from '../../../guest-agent/protocol/exec.ts';
import { guestMethods as guest } from '../../../guest-agent/protocol/guest.ts';
import { handshakeMethods as handshake } from '../../../guest-agent/protocol/handshake.ts';
import { networkMethods as network } from '../../../guest-agent/protocol/network.ts';
import { protocolVersion } from '../../../guest-agent/protocol/version.ts';
import { volumeMethods as volume } from '../../../guest-agent/protocol/volume.ts';
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

const containers = (): string[] => readdirSync(join(agent.paths.data, 'containers'));

describe('the handshake', () => {
  test('tells what the guest is, and refuses another version', async () => {
    const hello = await client.call(handshake.hello, { protocolVersion, hostVersion: '0.1.0' });
    assert.equal(hello.bootId, 'first boot');
    assert.equal((await client.call(handshake.ping, {})).agentInstance, hello.agentInstance);
    await assert.rejects(
      client.call(handshake.hello, { protocolVersion: protocolVersion + 1, hostVersion: '9' }),
      refusal('protocol-mismatch'),
    );
  });
});

describe('a container’s life', () => {
  test('run --rm: the output from the first byte, the exit code, nothing left', async () => {
    const id = await create({ argv: ['echo', 'hello', 'world'], autoRemove: true });
    const removed = client.call(container.wait, { id, condition: 'removed' });
    const { stream } = await client.call(container.start, { id, attach: true });
    const frames = await buffer(client.stream(stream ?? ''));
    assert.equal(frames.toString('latin1', 5, 17), 'hello world\n');
    assert.deepEqual(await removed, { exitCode: 0 });
    assert.deepEqual(await client.call(container.list, { all: true }), []);
    assert.deepEqual(containers(), []);
    await until('the cgroup is gone', () => !existsSync(join(agent.paths.cgroups, 'berth', id)));
  });

  test('start, stop by its signal, start again, kill, remove', async () => {
    const id = await run({ argv: ['sleep'], stopSignal: 'SIGUSR1' }, 'sleeper');
    const info = await client.call(container.inspect, { id: 'sleeper' });
    assert.equal(info.state.status, 'running');
    await assert.rejects(client.call(container.start, { id, attach: false }), refusal('wrong-state'));
    await assert.rejects(client.call(container.remove, { id, force: false, volumes: false }), refusal('wrong-state'));
    await client.call(container.stop, { id });
    const stopped = (await client.call(container.inspect, { id: id.slice(0, 12) })).state;
    assert.ok(stopped.status === 'exited' && stopped.exitCode === 128 + 10);
    await client.call(container.stop, { id });
    await client.call(container.start, { id, attach: false });
    const next = client.call(container.wait, { id, condition: 'next-exit' });
    await client.call(container.kill, { id, signal: 'KILL' });
    assert.deepEqual(await next, { exitCode: 137 });
    await assert.rejects(client.call(container.kill, { id, signal: 'KILL' }), refusal('wrong-state'));
    await client.call(container.remove, { id, force: false, volumes: true });
    await assert.rejects(client.call(container.inspect, { id }), refusal('no-such-container'));
    const actions = client.events.filter((event) => event.kind === 'container').map((event) => event.action);
    assert.deepEqual(actions, ['create', 'start', 'kill', 'die', 'stop', 'start', 'kill', 'die', 'destroy']);
  });

  test('a process of the guest takes signals, and ends when it writes to a stream that was left', async () => {
    const shell = { ...{ namespaces: [], fork: false, mountProc: false, mapRootUser: false, hostname: '' } };
    const unshare = () => client.call(guest.unshare, { ...shell, argv: ['sleep'], env: [], tty: false });
    const [told, left] = [await unshare(), await unshare()];
    const frames = buffer(client.stream(told.stream));
    await client.call(exec.kill, { id: told.id, signal: 'SIGINT' });
    assert.deepEqual([...(await frames)].slice(-8), [130, 0, 0, 0, 2, 0, 0, 0]);
    await assert.rejects(client.call(exec.kill, { id: told.id, signal: 'SIGINT' }), refusal('no-such-exec'));
    const stream = client.stream(left.stream);
    // With it its token is sent; else the process would end when that expires, which is as late as `until` waits.
    await once(stream, 'connect');
    stream.destroy();
    await until('it to end', () => {
      const alive = [...agent.kernel.running.values()].filter(({ ended }) => !ended);
      for (const process of alive) process.print('to nobody\n');
      return alive.length === 0;
    });
  });

  test('one that takes no signal is killed after its time', async () => {
    const id = await run({ argv: ['stubborn'] });
    await client.call(container.stop, { id, timeoutSeconds: 0 });
    const { state } = await client.call(container.inspect, { id });
    assert.ok(state.status === 'exited' && state.exitCode === 137);
  });

  test('restart keeps it, even one that goes by itself', async () => {
    const id = await run({ argv: ['sleep'], autoRemove: true });
    const { state: before } = await client.call(container.inspect, { id });
    await client.call(container.restart, { id });
    const { state: after } = await client.call(container.inspect, { id });
    assert.ok(before.status === 'running' && after.status === 'running' && before.pid !== after.pid);
    await client.call(container.remove, { id, force: true, volumes: true });
  });

  test('a failed start leaves nothing, and tells why', async () => {
    const missing = await create({ argv: ['missing'] });
    await assert.rejects(client.call(container.start, { id: missing, attach: true }), refusal('command-not-found'));
    const { state } = await client.call(container.inspect, { id: missing });
    assert.ok(state.status === 'exited' && state.exitCode === 127 && state.error?.includes('missing'));
    const fails = await create({ argv: ['fails'], namespaces: { ...containerSpec().namespaces, network: 'bridge' } });
    await assert.rejects(client.call(container.start, { id: fails, attach: false }), refusal('operation-failed'));
    assert.equal((await client.call(container.inspect, { id: fails })).state.status, 'created');
    assert.deepEqual(readdirSync(join(agent.paths.cgroups, 'berth')), []);
    const [bridge] = await client.call(network.list, {});
    assert.deepEqual(bridge?.containers, []);
    const gone = await create({ argv: ['missing'], autoRemove: true });
    await assert.rejects(client.call(container.start, { id: gone, attach: false }), refusal('command-not-found'));
    await assert.rejects(client.call(container.inspect, { id: gone }), refusal('no-such-container'));
  });

  test('bad requests make nothing', async () => {
    await create({}, 'taken');
    const bad: [Partial<ContainerSpec>, string, ErrorCode][] = [
      [{}, 'taken', 'name-in-use'],
      [{}, '-x', 'invalid-argument'],
      [{ resources: { memoryBytes: 4096 } }, 'small', 'limit-too-low'],
      [{ namespaces: { ...containerSpec().namespaces, network: 'nowhere' } }, 'a1', 'no-such-network'],
      [{ namespaces: { ...containerSpec().namespaces, network: 'container:nobody' } }, 'a2', 'no-such-container'],
      [{ stopSignal: 'SIGNOTHING' }, 'a3', 'invalid-argument'],
      [
        { devices: [{ pathInGuest: '/dev/nothing', pathInContainer: '/dev/x', permissions: 'rwm' }] },
        'a4',
        'no-such-path',
      ],
      [
        { mounts: [{ type: 'share', share: 'fs9', subpath: 'a', hostPath: '/h/a', target: '/a', readOnly: false }] },
        'a5',
        'not-shared',
      ],
      [
        { mounts: [{ type: 'volume', name: '../up', target: '/v', readOnly: false, copyUp: true }] },
        'a6',
        'invalid-argument',
      ],
    ];
    for (const [changes, name, code] of bad) await assert.rejects(create(changes, name), refusal(code), name);
    assert.equal(containers().length, 1);
    assert.equal((await client.call(container.list, { all: true })).length, 1);
    assert.deepEqual(await client.call(volume.list, {}), []);
    const layer = `sha256:${'a'.repeat(64)}`;
    const id = await create({ image: { reference: 'x', id: layer, layers: [layer] } });
    await assert.rejects(client.call(container.start, { id, attach: false }), refusal('no-such-layer'));
  });

  test('waits: not-running at once, removed and cancelled ones', async () => {
    const id = await create({ argv: ['sleep'] });
    assert.deepEqual(await client.call(container.wait, { id, condition: 'not-running' }), { exitCode: 0 });
    const removed = client.call(container.wait, { id, condition: 'removed' });
    const other = agent.client();
    const lost = other.call(container.wait, { id, condition: 'next-exit' });
    lost.catch(() => undefined);
    await client.call(container.start, { id, attach: false });
    other.close();
    await client.call(container.remove, { id, force: true, volumes: false });
    assert.deepEqual(await removed, { exitCode: 137 });
  });

  test('parallel operations on one container follow one another', async () => {
    const id = await create({ argv: ['sleep'] });
    const starts = await Promise.allSettled(
      Array.from({ length: 5 }, () => client.call(container.start, { id, attach: false })),
    );
    assert.equal(starts.filter(({ status }) => status === 'fulfilled').length, 1);
    const removals = Array.from({ length: 3 }, () =>
      client.call(container.remove, { id, force: true, volumes: false }),
    );
    const outcomes = await Promise.allSettled(removals);
    assert.equal(outcomes[0]?.status, 'fulfilled');
    for (const outcome of outcomes) if (outcome.status === 'rejected') refusal('no-such-container')(outcome.reason);
    assert.deepEqual(containers(), []);
  });

  test('each container has an id range and an address of its own; ports lead to it', async () => {
    const namespaces = { ...containerSpec().namespaces, network: 'bridge' };
    const ports = [{ containerPort: 80, protocol: 'tcp' as const, hostAddress: '', hostPort: 8080 }];
    const [a, b] = [await run({ argv: ['sleep'], namespaces, ports }), await run({ argv: ['sleep'], namespaces })];
    const [first, second] = [
      await client.call(container.inspect, { id: a }),
      await client.call(container.inspect, { id: b }),
    ];
    assert.notEqual(first.idRangeStart, second.idRangeStart);
    assert.notEqual(first.endpoints[0]?.ipv4, second.endpoints[0]?.ipv4);
    const [published] = await client.call(network.published, {});
    assert.equal(published?.container, a);
    assert.ok(agent.kernel.rulesets.at(-1)?.includes(`${published.guestPort} : ${first.endpoints[0]?.ipv4} . 80`));
    await client.call(container.kill, { id: a, signal: 'KILL' });
    await until('the port is given back', async () => (await client.call(network.published, {})).length === 0);
    assert.ok(agent.kernel.rulesets.at(-1)?.startsWith('delete element'));
  });

  test('a port without an address has that of its network, if it names one', async () => {
    const options = { 'com.docker.network.bridge.host_binding_ipv4': '127.0.0.2' };
    const request = { name: 'bound', internal: false, ipv6: false, pools: [], labels: {}, options };
    await client.call(network.create, request);
    await client.call(network.create, { ...request, name: 'zero', options: {} });
    const namespaces = { ...containerSpec().namespaces, network: 'bound' };
    const port = { containerPort: 80, protocol: 'tcp' as const, hostPort: 8080 };
    const ports = ['', '127.0.0.3'].map((hostAddress) => ({ ...port, hostAddress }));
    const id = await run({ argv: ['sleep'], namespaces, ports });
    const published = await client.call(network.published, {});
    assert.deepEqual(
      published.map(({ hostAddress }) => hostAddress),
      ['127.0.0.2', '127.0.0.3'],
    );
    const { spec } = await client.call(container.inspect, { id });
    assert.deepEqual(spec.ports, ports);
    const asked = async (mode: string, ...networks: { network: string; gatewayPriority?: number }[]) => {
      const all = networks.map((one) => ({ ...one, aliases: [], links: [] }));
      return (await client.call(network.hostBinding, { namespaces: { network: mode }, networks: all })).hostAddress;
    };
    assert.deepEqual([await asked('bound'), await asked('bridge'), await asked('none')], ['127.0.0.2', '', '']);
    const second = [
      await asked('bridge', { network: 'bound', gatewayPriority: 1 }),
      await asked('zero', { network: 'bound' }),
    ];
    assert.deepEqual(second, ['127.0.0.2', '127.0.0.2']);
    await assert.rejects(asked('nowhere'), refusal('no-such-network'));
  });

  test('names: rename, made-up ones, prefixes', async () => {
    const id = await create({});
    const { name } = await client.call(container.inspect, { id });
    assert.match(name, /^[a-z]+_[a-z]+\d*$/);
    await client.call(container.rename, { id, name: 'other' });
    assert.equal((await client.call(container.inspect, { id: 'other' })).id, id);
    await assert.rejects(client.call(container.inspect, { id: name }), refusal('no-such-container'));
  });

  test('update is stored and reaches a running one', async () => {
    const id = await run({ argv: ['sleep'] });
    await client.call(container.update, { id, resources: { memoryBytes: 67_108_864 } });
    assert.equal((await client.call(container.inspect, { id })).spec.resources.memoryBytes, 67_108_864);
    assert.ok(agent.kernel.applied.some((op) => op.op === 'write' && op.path.endsWith(`${id}/memory.max`)));
    await assert.rejects(
      client.call(container.update, { id, resources: { memoryBytes: 1 } }),
      refusal('limit-too-low'),
    );
  });

  test('explain shows the plan of a container that is not made', async () => {
    const { ops } = await client.call(container.explain, { spec: containerSpec() });
    assert.ok(ops.some(({ op }) => op === 'pivotRoot'));
    assert.deepEqual(containers(), []);
  });

  test('logs: what was printed, followed to the end', async () => {
    const id = await run({ argv: ['sleep'] });
    const process = [...agent.kernel.running.values()].at(-1);
    process?.print('one\n');
    const options = { id, stdout: true, stderr: true, tail: -1 };
    const whole = '\x15\0\0\0\0';
    const now = await client.call(container.logs, { ...options, follow: false });
    assert.equal((await buffer(client.stream(now.stream))).toString('latin1', 13), `one\n${whole}`);
    const follow = await client.call(container.logs, { ...options, follow: true });
    const all = buffer(client.stream(follow.stream));
    process?.print('two\n');
    process?.end(0);
    assert.match((await all).toString('latin1'), new RegExp(`one\n[^]*two\n${whole}$`));
    await assert.rejects(
      client.call(container.logs, { ...options, follow: false, since: 'noon' }),
      refusal('invalid-argument'),
    );
  });
});

/** Restart policies and health checks, with the kernel played. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { ContainerSpec } from '../../../guest-agent/protocol/container-spec.ts';
import { containerMethods as container } from '../../../guest-agent/protocol/container.ts';
import { guestMethods as guest } from '../../../guest-agent/protocol/guest.ts';
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

async function run(changes: Partial<ContainerSpec>): Promise<string> {
  const { id } = await client.call(container.create, { name: '', spec: containerSpec(changes) });
  await client.call(container.start, { id, attach: false });
  return id;
}

const inspect = (id: string) => client.call(container.inspect, { id });
const policy = (name: 'always' | 'unless-stopped' | 'on-failure', maximumRetries = 0) => ({
  restart: { name, maximumRetries },
});

describe('a restart policy', () => {
  test('starts what fails again, so many times, and those who wait wait for the last end', async () => {
    const id = await run({ argv: ['false'], ...policy('on-failure', 2) });
    assert.deepEqual(await client.call(container.wait, { id, condition: 'not-running' }), { exitCode: 1 });
    const { restartCount, state } = await inspect(id);
    assert.equal(restartCount, 2);
    assert.ok(state.status === 'exited' && state.restartsAt === undefined);
    assert.equal(client.events.filter(({ action }) => action === 'start').length, 3);
  });

  test('success is no failure', async () => {
    const id = await run({ argv: ['true'], ...policy('on-failure') });
    await client.call(container.wait, { id, condition: 'not-running' });
    assert.equal((await inspect(id)).restartCount, 0);
  });

  test('has no say when somebody stops it, kills it, or stops it between two starts', async () => {
    const [stopped, killed] = [
      await run({ argv: ['sleep'], ...policy('always') }),
      await run({ argv: ['sleep'], ...policy('always') }),
    ];
    await client.call(container.stop, { id: stopped });
    await client.call(container.kill, { id: killed, signal: 'KILL' });
    for (const id of [stopped, killed]) await client.call(container.wait, { id, condition: 'not-running' });
    const between = await run({ argv: ['false'], ...policy('always') });
    // As after many ends: the next pause is the longest, a minute, in which all that follows finds it.
    const kept = agent.engine.containers.get(between);
    kept.restartDelay = 40_000;
    await until('it waits for its next start', async () => {
      const { state } = await inspect(between);
      return kept.restartDelay === 60_000 && state.status === 'exited' && state.restartsAt !== undefined;
    });
    assert.ok((await client.call(container.list, { all: false })).some(({ id }) => id === between));
    await assert.rejects(client.call(container.remove, { id: between, force: false, volumes: false }), {
      code: 'wrong-state',
    });
    const waiting = client.call(container.wait, { id: between, condition: 'not-running' });
    await client.call(container.stop, { id: between });
    assert.deepEqual(await waiting, { exitCode: 1 });
    assert.deepEqual(await client.call(container.list, { all: false }), []);
    await client.call(container.remove, { id: between, force: false, volumes: false });
  });

  test('while it starts by its policy it is restarting: whoever waits or kills then means the run that comes', async () => {
    const id = await run({ argv: ['sleep'], ...policy('on-failure', 1) });
    const held = Promise.withResolvers<undefined>();
    const { kernel } = agent;
    const launch = kernel.launch.bind(kernel);
    let starting = false;
    kernel.launch = async (plan, onReady) => {
      starting = true;
      await held.promise;
      return launch(plan, onReady);
    };
    for (const process of kernel.running.values()) process.end(1);
    await until('its policy starts it', () => starting);
    const { state } = await inspect(id);
    assert.ok(state.status === 'exited' && state.restartsAt !== undefined);
    const waited = client.call(container.wait, { id, condition: 'not-running' });
    const killed = client.call(container.kill, { id, signal: 'KILL' });
    held.resolve(undefined);
    await killed;
    assert.deepEqual(await waited, { exitCode: 137 });
    assert.equal((await inspect(id)).restartCount, 1);
  });

  test('a restart that was asked for is not one of its own', async () => {
    const id = await run({ argv: ['sleep'], ...policy('always') });
    await client.call(container.restart, { id });
    const { restartCount, state } = await inspect(id);
    assert.deepEqual([restartCount, state.status], [0, 'running']);
  });

  test('can be changed while it runs', async () => {
    const id = await run({ argv: ['sleep'] });
    await client.call(container.update, { id, resources: {}, ...policy('always') });
    assert.equal((await inspect(id)).spec.restart?.name, 'always');
  });

  test('an end that no agent saw counts, too', async () => {
    const id = await run({ argv: ['sleep'], ...policy('always') });
    await agent.stop();
    for (const process of agent.kernel.running.values()) process.end(1);
    await agent.start();
    client = agent.client();
    await until('it runs again', async () => (await inspect(id)).state.status === 'running');
    assert.equal((await inspect(id)).restartCount, 1);
  });

  test('after another boot they start when the host is ready: all but those that somebody stopped', async () => {
    const always = await run({ argv: ['sleep'], ...policy('always') });
    const stopped = await run({ argv: ['sleep'], ...policy('unless-stopped') });
    const unlessStopped = await run({ argv: ['sleep'], ...policy('unless-stopped') });
    const plain = await run({ argv: ['sleep'] });
    for (const id of [always, stopped]) await client.call(container.stop, { id });
    await agent.stop();
    await agent.start('second boot');
    client = agent.client();
    assert.deepEqual(await client.call(container.list, { all: false }), []);
    await client.call(guest.ready, {});
    await until('two run', async () => (await client.call(container.list, { all: false })).length === 2);
    const running = (await client.call(container.list, { all: false })).map(({ id }) => id);
    assert.deepEqual(new Set(running), new Set([always, unlessStopped]));
    assert.equal((await inspect(plain)).state.status, 'exited');
  });

  test('a start that cannot be is not tried for ever', async () => {
    const id = await run({ argv: ['sleep'], ...policy('always') });
    const [record] = agent.engine.store.containers();
    assert.ok(record !== undefined);
    agent.engine.containers.get(id).record.spec = { ...record.spec, argv: ['missing'] };
    for (const process of agent.kernel.running.values()) process.end(1);
    await until('it has given up', async () => {
      const { state } = await inspect(id);
      return state.status === 'exited' && state.error !== undefined;
    });
    const { state } = await inspect(id);
    assert.ok(state.status === 'exited' && state.restartsAt === undefined && state.exitCode === 127);
  });
});

describe('a health check', () => {
  const check = { interval: 20, timeout: 5000, startPeriod: 0, startInterval: 20, retries: 2 };
  const health = async (id: string) => (await inspect(id)).health;

  test('tells healthy and unhealthy by events, with what it printed', async () => {
    const well = await run({ argv: ['sleep'], healthcheck: { ...check, test: ['CMD', 'echo', 'all', 'well'] } });
    const ill = await run({ argv: ['sleep'], healthcheck: { ...check, test: ['CMD', 'false'] } });
    await until('both are told', async () => {
      const told = [await health(well), await health(ill)].map((one) => one?.status);
      return told[0] === 'healthy' && told[1] === 'unhealthy';
    });
    assert.equal((await health(well))?.log[0]?.output, 'all well\n');
    assert.ok(((await health(ill))?.failingStreak ?? 0) >= 2);
    await until(
      'events have come',
      () => client.events.filter(({ action }) => action.startsWith('health')).length === 2,
    );
    assert.deepEqual(
      client.events
        .filter(({ action }) => action.startsWith('health'))
        .map(({ id, action }) => [id, action])
        .sort(),
      [
        [well, 'health_status: healthy'],
        [ill, 'health_status: unhealthy'],
      ].sort(),
    );
  });

  test('of what it prints the beginning is kept', async () => {
    const words = ['CMD', 'echo', 'x'.repeat(10_000)];
    const id = await run({ argv: ['sleep'], healthcheck: { ...check, test: words } });
    await until('it is healthy', async () => (await health(id))?.status === 'healthy');
    assert.equal((await health(id))?.log[0]?.output, 'x'.repeat(4096));
  });

  test('one that takes too long is a failure, and ends', async () => {
    const id = await run({
      argv: ['sleep'],
      healthcheck: { ...check, timeout: 30, retries: 1, test: ['CMD', 'sleep'] },
    });
    await until('it is unhealthy', async () => (await health(id))?.status === 'unhealthy');
    assert.match((await health(id))?.log[0]?.output ?? '', /exceeded timeout/);
  });

  test('ends with the container, begins with its next start', async () => {
    const id = await run({ argv: ['sleep'], healthcheck: { ...check, test: ['CMD', 'true'] } });
    await until('it is healthy', async () => (await health(id))?.status === 'healthy');
    await client.call(container.stop, { id });
    const count = client.events.length;
    await client.call(container.start, { id, attach: false });
    await until('it is healthy again', () =>
      client.events.slice(count).some(({ action }) => action === 'health_status: healthy'),
    );
  });
});

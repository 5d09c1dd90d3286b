/** Containers in namespaces of others, with the kernel played. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { cloneFlag } from '../../../guest-agent/plan/flags.ts';
import type { Op } from '../../../guest-agent/plan/op.ts';
import { containerMethods as container } from '../../../guest-agent/protocol/container.ts';
import type { ContainerSpec } from '../../../guest-agent/protocol/container-spec.ts';
import { execMethods as exec } from '../../../guest-agent/protocol/exec.ts';
import { hostInterface } from '../../../guest-agent/services/paths.ts';
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

type Namespaces = Partial<ContainerSpec['namespaces']>;

async function run(name: string, namespaces: Namespaces, changes: Partial<ContainerSpec> = {}): Promise<string> {
  const plain = containerSpec({ argv: ['sleep'], ...changes });
  const spec = { ...plain, namespaces: { ...plain.namespaces, ...namespaces } };
  const { id } = await client.call(container.create, { name, spec });
  await client.call(container.start, { id, attach: false });
  return id;
}

const inspect = (id: string) => client.call(container.inspect, { id });
const rangeOf = async (id: string): Promise<number | undefined> => (await inspect(id)).idRangeStart;
const remove = (id: string): Promise<unknown> => client.call(container.remove, { id, force: true, volumes: true });
/** Whether the last process that was launched is in the user namespace of another. */
const joinsUsers = (): boolean =>
  (agent.kernel.plans.at(-1)?.join ?? []).some((one) => 'flags' in one && (one.flags & cloneFlag.CLONE_NEWUSER) !== 0n);

async function execIn(id: string): Promise<void> {
  const spec = {
    ...{ container: id, argv: ['true'], env: [], workdir: '', user: '', privileged: false },
    ...{ tty: false, openStdin: false },
  };
  const made = await client.call(exec.create, spec);
  await client.call(exec.start, { id: made.id, attach: false });
}

describe('joined containers', () => {
  test('in a chain all have the ids of the first, and nobody says otherwise', async () => {
    const a = await run('owner', {});
    const b = await run('second', { network: 'container:owner' });
    const c = await run('third', { pid: 'container:second', network: `container:${b.slice(0, 12)}` });
    const range = await rangeOf(a);
    assert.ok(range !== undefined);
    assert.deepEqual([await rangeOf(b), await rangeOf(c)], [range, range]);
    assert.deepEqual((await inspect(c)).warnings, []);
    assert.ok(joinsUsers());
    const guests = await run('guests', {}, { security: { ...containerSpec().security, privileged: true } });
    const last = await run('last', { network: `container:${guests}` });
    assert.equal(await rangeOf(last), undefined);
    assert.match((await inspect(last)).warnings.join(), /and so is this one/);
  });

  test('whom a container joins is settled when it is made: it is shown by its id, and names may change', async () => {
    const a = await run('owner', {});
    const b = await run('second', { network: 'container:owner', ipc: `container:${a.slice(0, 10)}` });
    const { namespaces } = (await inspect(b)).spec;
    assert.deepEqual([namespaces.network, namespaces.ipc], [`container:${a}`, `container:${a}`]);
    await client.call(container.rename, { id: a, name: 'other' });
    const imposter = await run('owner', {});
    await execIn(b);
    assert.ok(joinsUsers());
    await client.call(container.restart, { id: b });
    assert.equal(await rangeOf(b), await rangeOf(a));
    assert.notEqual(await rangeOf(b), await rangeOf(imposter));
    await assert.rejects(run('wrong', { pid: 'container:absent' }), { code: 'no-such-container' });
  });

  test('ids are another’s only when the last that has them is gone, also when their owner went by itself', async (t) => {
    const a = await run('owner', {}, { autoRemove: true });
    const range = await rangeOf(a);
    assert.ok(range !== undefined);
    const b = await run('second', { network: 'container:owner' });
    await client.call(container.kill, { id: a, signal: 'KILL' });
    await until('it is gone', () => !agent.engine.containers.has(a));
    await execIn(b);
    assert.ok(joinsUsers());
    assert.equal(await rangeOf(b), range);
    await agent.stop();
    await agent.start();
    client = agent.client();
    const freed = t.mock.method(agent.engine.ranges, 'free');
    const c = await run('third', { pid: 'container:second' });
    await remove(b);
    assert.equal(freed.mock.callCount(), 0);
    await remove(c);
    assert.deepEqual(
      freed.mock.calls.map((call) => call.arguments),
      [[range]],
    );
  });

  test('the cable of an ended one does not stay with whoever joined it, nor in the way of its next start', async () => {
    const bridged = { network: 'bridge' };
    const a = await run('owner', bridged);
    await run('second', { network: 'container:owner' });
    const cable = hostInterface(a);
    mkdirSync(join(agent.paths.interfaces, cable), { recursive: true });
    const removed = (op: Op): boolean => op.op === 'netlink' && op.why === `${cable} goes`;
    await client.call(container.kill, { id: a, signal: 'KILL' });
    await until('it is taken away', () => agent.kernel.applied.some(removed));
    await until('and its cgroup', async () => (await inspect(a)).state.status === 'exited');
    agent.kernel.applied.length = 0;
    await client.call(container.start, { id: a, attach: false });
    assert.ok(agent.kernel.applied.some(removed));
  });
});

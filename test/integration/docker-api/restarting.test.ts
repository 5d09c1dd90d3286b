/** A container that crashes again and again, between two of its runs: for Docker it runs. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import Docker from 'dockerode';
import { dockerStack } from '../../support/docker-stack.ts';
import { until } from '../../support/until.ts';

async function crashing(t: TestContext) {
  const { socketPath, agent } = await dockerStack(t);
  const docker = new Docker({ socketPath });
  const container = await docker.createContainer({
    ...{ Image: 'tiny', Cmd: ['false'], name: 'crashing', Labels: { kind: 'crashing' } },
    HostConfig: { RestartPolicy: { Name: 'always' } },
  });
  await container.start();
  // As after many ends: the next pause is the longest, a minute, in which all that follows finds the container.
  const kept = agent.engine.containers.get(container.id);
  kept.restartDelay = 40_000;
  const longest = 60_000;
  await until('the policy waits for long', async () => {
    const { State } = await container.inspect();
    return State.Restarting && kept.restartDelay === longest;
  });
  return { docker, container };
}

test('it is listed as restarting, and neither started, removed, pruned nor entered', async (t) => {
  const { docker, container } = await crashing(t);
  const [row] = await docker.listContainers();
  assert.deepEqual([row?.State, row?.Names], ['restarting', ['/crashing']]);
  assert.match(row?.Status ?? '', /^Restarting \(1\) /);
  const waits = { statusCode: 409, message: /is restarting, wait until the container is running/ };
  await assert.rejects(container.exec({ Cmd: ['true'] }), waits);
  await assert.rejects(container.top(), waits);
  await assert.rejects(container.pause(), waits);
  await assert.rejects(container.attach({ stream: true, stdout: true }), waits);
  await assert.rejects(container.start(), { statusCode: 304 });
  await assert.rejects(container.remove(), { statusCode: 409, message: /container is restarting: stop the container/ });
  const { id } = await docker.createContainer({ Image: 'tiny', Labels: { kind: 'crashing' } });
  const { ContainersDeleted } = await docker.pruneContainers({ filters: { label: ['kind=crashing'] } });
  assert.deepEqual(ContainersDeleted, [id]);
  await container.remove({ force: true });
});

for (const verb of ['stop', 'kill'] as const)
  test(`${verb} is the end of it`, async (t) => {
    const { docker, container } = await crashing(t);
    await container[verb]();
    const { State } = await container.inspect();
    assert.deepEqual([State.Status, State.Running, State.Restarting], ['exited', false, false]);
    assert.deepEqual(await docker.listContainers(), []);
    const again = { stop: { statusCode: 304 }, kill: { statusCode: 409, message: /is not running/ } };
    await assert.rejects(container[verb](), again[verb]);
    await container.remove();
  });

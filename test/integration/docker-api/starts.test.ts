/** One container that many start at once, by this socket and by another front door. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import Docker from 'dockerode';
import { dockerStack } from '../../support/docker-stack.ts';

function start(socketPath: string, id: string): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const sent = request({ socketPath, method: 'POST', path: `/containers/${id}/start` }, (response) => {
    response.resume().once('end', () => resolve(response.statusCode));
  });
  sent.once('error', reject).end();
  return promise;
}

test('of many starts at once one starts; the others wait for it and answer that it runs', async (t) => {
  const { socketPath, agent, client } = await dockerStack(t);
  const docker = new Docker({ socketPath });
  for (const HostConfig of [{}, { PortBindings: { '80/tcp': [{ HostPort: '0' }] } }]) {
    const { id } = await docker.createContainer({ Image: 'tiny', Cmd: ['sleep'], HostConfig });
    const before = agent.kernel.plans.length;
    const statuses = await Promise.all(Array.from({ length: 6 }, () => start(socketPath, id)));
    assert.deepEqual(statuses.toSorted(), [204, 304, 304, 304, 304, 304]);
    assert.equal(agent.kernel.plans.length, before + 1);
  }
  const { id } = await docker.createContainer({ Image: 'tiny', Cmd: ['sleep'] });
  const [other, ...statuses] = await Promise.allSettled([
    client.api.containers.start({ id, attach: false }),
    start(socketPath, id),
    start(socketPath, id),
  ]);
  const told = statuses.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : undefined));
  assert.deepEqual(told.toSorted(), other.status === 'fulfilled' ? [304, 304] : [204, 304]);
});

test('who attached before sees the output whoever was quicker, and a start that fails still tells why', async (t) => {
  const { socketPath, client } = await dockerStack(t);
  const docker = new Docker({ socketPath });
  const container = await docker.createContainer({ Image: 'tiny', Cmd: ['sleep'], Tty: true });
  const attached = await container.attach({ stream: true, stdout: true, hijack: true });
  await Promise.all([start(socketPath, container.id), start(socketPath, container.id)]);
  await client.api.containers.kill({ id: container.id, signal: 'SIGKILL' });
  await buffer(attached);
  const broken = await docker.createContainer({ Image: 'tiny', Cmd: ['fails'] });
  assert.deepEqual(await Promise.all([start(socketPath, broken.id), start(socketPath, broken.id)]), [500, 500]);
});

/** Attached by a websocket. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import Docker from 'dockerode';
import { WebSocket } from 'ws';
import { dockerStack } from '../../support/docker-stack.ts';

test('a websocket is attached like any other client', async (t) => {
  const { socketPath } = await dockerStack(t);
  const docker = new Docker({ socketPath });
  const container = await docker.createContainer({ Image: 'tiny', Cmd: ['echo', 'by websocket'], Tty: true });
  const client = new WebSocket(`ws+unix://${socketPath}:/v1.40/containers/${container.id}/attach/ws?stream=1&stdout=1`);
  const said: Buffer[] = [];
  client.on('message', (bytes: Buffer) => void said.push(bytes));
  await once(client, 'open');
  // It may close before the start is answered.
  const closed = once(client, 'close');
  await container.start();
  await closed;
  assert.equal(Buffer.concat(said).toString(), 'by websocket\n');
});

test('a websocket has no frames without a terminal; before 1.42 it has all streams, whatever it asks for', async (t) => {
  const { socketPath } = await dockerStack(t);
  const docker = new Docker({ socketPath });
  for (const query of ['/v1.41/containers/ID/attach/ws?stream=1', '/v1.42/containers/ID/attach/ws?stream=1&stdout=1']) {
    const container = await docker.createContainer({ Image: 'tiny', Cmd: ['echo', 'by websocket'] });
    const path = query.replace('ID', container.id);
    const client = new WebSocket(`ws+unix://${socketPath}:${path}`);
    const said: Buffer[] = [];
    client.on('message', (bytes: Buffer) => void said.push(bytes));
    await once(client, 'open');
    const closed = once(client, 'close');
    await container.start();
    await closed;
    assert.equal(Buffer.concat(said).toString(), 'by websocket\n', query);
    const late = new WebSocket(`ws+unix://${socketPath}:${path.replace('stream=1', 'logs=1')}`);
    const gone = once(late, 'close');
    const [replayed] = (await once(late, 'message')) as [Buffer];
    assert.equal(replayed.toString(), 'by websocket\n', query);
    await gone;
  }
});

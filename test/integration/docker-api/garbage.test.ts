/** What is no request must not end the service, nor leave anything behind. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import Docker from 'dockerode';
import { dockerStack } from '../../support/docker-stack.ts';
import { pour } from '../../support/garbage.ts';
import { until } from '../../support/until.ts';

const open = (): number => readdirSync('/proc/self/fd').length;

test('streams that ended leave no descriptor', async (t) => {
  const { socketPath } = await dockerStack(t);
  const docker = new Docker({ socketPath });
  const container = await docker.createContainer({ Image: 'tiny', Cmd: ['echo', 'said'] });
  await container.start();
  await container.wait();
  const read = () => container.logs({ stdout: true });
  await read();
  const before = open();
  for (let time = 0; time < 20; time += 1) await read();
  await until('their connections are closed', () => open() <= before + 4);
});

test('garbage and truncated requests crash nothing and leave no descriptor', async (t) => {
  const { socketPath } = await dockerStack(t);
  const docker = new Docker({ socketPath });
  await docker.ping();
  const before = open();
  await pour(socketPath, 10_000);
  assert.equal(String(await docker.ping()), 'OK');
  await until('its connections are closed', () => open() <= before + 4);
});

test('a first line may be as long as dockerd’s: one request names many images', async (t) => {
  const { socketPath } = await dockerStack(t);
  const status = async (length: number) => {
    const sent = get({ socketPath, path: `/_ping?names=${'a'.repeat(length)}`, agent: false });
    sent.on('error', () => undefined);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    response.resume();
    return response.statusCode;
  };
  assert.equal(await status(900 * 1024), 200);
  // Refused before all of it came, so the client may see a connection that broke.
  assert.notEqual(await status(1100 * 1024).catch(() => 400), 200);
});

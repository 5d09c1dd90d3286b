import assert from 'node:assert/strict';
import { createServer, connect } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import { berth, detached, ok, refused } from '../support/berth.ts';
import { until } from '../support/until.ts';

async function answer(host: string, port: number): Promise<string> {
  const socket = connect(port, host);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

const webServer = ['sh', '-c', 'while :; do echo hello | nc -l -p 80; done'];

test('-p publishes on IPv4 and IPv6 loopback, and is released at exit', async (t) => {
  const id = await detached(t, ['-p', '0:80'], webServer);
  const port = Number((await ok(['port', id, '80/tcp'])).split('\n')[0]?.split(':').at(-1));
  assert.ok(port > 0);
  for (const host of ['127.0.0.1', '::1'])
    assert.equal(await until(`${host} answers`, async () => (await answer(host, port)) || undefined), 'hello\n');
  await ok(['stop', '-t', '0', id]);
  await until('the port is free', async () => {
    const probe = createServer().listen(port, '127.0.0.1');
    await once(probe, 'listening');
    probe.close();
    return true;
  });
});

test('a busy port fails before anything is created, by number', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await refused(
    ['run', '--rm', '--name', 'never', '-p', `${port}:80`, 'busybox', 'true'],
    125,
    new RegExp(String(port)),
  );
  assert.equal((await berth(['inspect', 'never'])).code, 1);
});

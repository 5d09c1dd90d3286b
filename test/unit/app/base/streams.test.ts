import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { Duplex, Readable } from 'node:stream';
import test from 'node:test';
import { join, readAll } from '../../../../app/base/streams.ts';

async function socketPair(): Promise<[Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const near = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const [far] = (await once(server, 'connection')) as [Socket];
  server.close();
  return [near, far];
}

test('both directions flow, and the end of one leaves the other open', async () => {
  const [client, a] = await socketPair();
  const [b, server] = await socketPair();
  const joined = join(a, b);
  client.end('request');
  assert.equal((await readAll(server, 100)).toString(), 'request');
  server.end('answer');
  assert.equal((await readAll(client, 100)).toString(), 'answer');
  assert.equal(await joined, undefined);
});

test('when one side breaks, the other is closed', async () => {
  const [client, a] = await socketPair();
  const [b, server] = await socketPair();
  const joined = join(a, b);
  client.resetAndDestroy();
  server.on('error', () => undefined);
  server.resume();
  await once(server, 'end');
  assert.ok((await joined) instanceof Error);
});

test('a reader that does not read holds the writer back', async () => {
  let produced = 0;
  const source = new Duplex({
    read() {
      produced += 65_536;
      if (produced > 64 * 2 ** 20) this.push(null);
      else setImmediate(() => this.push(Buffer.alloc(65_536)));
    },
    write: (_chunk, _encoding, done) => done(),
  });
  const { promise: stuck, resolve: onStuck } = Promise.withResolvers<() => void>();
  const sink = new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => onStuck(done),
  });
  const joined = join(source, sink);
  await stuck;
  for (let turn = 0; turn < 50; turn++) await new Promise((next) => setImmediate(next));
  assert.ok(produced < 2 ** 20, `${produced} bytes were read ahead`);
  sink.destroy();
  assert.ok((await joined) instanceof Error);
});

test('a short stream is read whole, a long one is refused', async () => {
  assert.equal((await readAll(Readable.from(['a', Buffer.from('b')]), 2)).toString(), 'ab');
  await assert.rejects(readAll(Readable.from(['abc']), 2), { code: 'operation-failed' });
});

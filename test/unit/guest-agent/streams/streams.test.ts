import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { after, afterEach, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { joinStreams } from '../../../../guest-agent/streams/join.ts';
import { portProxy } from '../../../../guest-agent/streams/port-proxy.ts';
import { StreamRegistry } from '../../../../guest-agent/streams/registry.ts';
import { StreamServer } from '../../../../guest-agent/streams/server.ts';

const dir = mkdtempSync(join(tmpdir(), 'berth-streams-'));
const path = join(dir, 'agent.sock');
const registry = new StreamRegistry();
const controls: Socket[] = [];
/** Longer than any test waits, so that what is closed was closed for another reason. */
const never = 600_000;
const server = new StreamServer({ registry, onControl: (socket) => controls.push(socket), preambleTimeoutMs: never });
const clients: Socket[] = [];

function client(): Socket {
  const socket = connect({ path, allowHalfOpen: true });
  socket.on('error', () => undefined);
  clients.push(socket);
  return socket;
}

function open(token: string): Socket {
  const socket = client();
  socket.write(`BERTH/1 STREAM ${token}\n`);
  return socket;
}

before(() => server.listen(path));
afterEach(() => clients.splice(0).forEach((socket) => socket.destroy()));
after(async () => {
  await server.close();
  rmSync(dir, { recursive: true });
});

describe('the agent’s socket', () => {
  test('is for its owner alone', () => {
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  test('a token opens its stream once', async () => {
    const token = registry.offer((stream) => stream.end('hello'));
    assert.equal(await text(open(token)), 'hello');
    assert.equal(await text(open(token)), '');
    assert.equal(registry.size, 0);
  });

  test('bytes that come with the preamble, or split anywhere in it, are the stream’s', async () => {
    for (const cut of [1, 7, 40, 47, 48, 50]) {
      const token = registry.offer((stream) => stream.pipe(stream));
      const socket = client();
      const bytes = `BERTH/1 STREAM ${token}\nearly`;
      socket.setNoDelay();
      socket.write(bytes.slice(0, cut), () => socket.end(bytes.slice(cut)));
      assert.equal(await text(socket), 'early');
    }
  });

  test('an unused token expires, tells so, and opens nothing', async () => {
    const short = new StreamRegistry(10);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const alive = setTimeout(() => undefined, 5000);
    const token = short.offer(
      () => assert.fail('opened'),
      () => resolve(undefined),
    );
    await promise;
    clearTimeout(alive);
    assert.equal(short.take(token), undefined);
  });

  test('a silent connection is closed at the deadline', async () => {
    const strict = new StreamServer({ registry, onControl: () => assert.fail('handed on'), preambleTimeoutMs: 50 });
    await strict.listen(`${path}.strict`);
    const silent = connect({ path: `${path}.strict`, allowHalfOpen: true });
    assert.equal(await text(silent), '');
    silent.destroy();
    await strict.close();
  });

  test('garbage is closed at once, and the next one is served', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 400 }), async (garbage) => {
        fc.pre(garbage[0] !== 0x42);
        const socket = client();
        socket.write(garbage);
        assert.equal((await buffer(socket).catch(() => Buffer.alloc(0))).length, 0);
      }),
      { numRuns: 60 },
    );
    const long = client();
    long.write(`BERTH/1 ${'x'.repeat(200)}`);
    assert.equal((await buffer(long).catch(() => Buffer.alloc(0))).length, 0);
    const token = registry.offer((stream) => stream.end('served'));
    assert.equal(await text(open(token)), 'served');
  });

  test('a control connection is handed on with what follows the line', async () => {
    const socket = client();
    socket.write('BERTH/1 CONTROL\nrest');
    while (controls.length === 0) await new Promise(setImmediate);
    const [control] = controls;
    assert.ok(control);
    const [chunk] = (await once(control, 'data')) as [Buffer];
    assert.equal(chunk.toString(), 'rest');
    control.destroy();
  });
});

async function pair(): Promise<[Socket, Duplex]> {
  const { promise, resolve } = Promise.withResolvers<Duplex>();
  const socket = open(registry.offer(resolve));
  return [socket, await promise];
}

describe('joined streams', () => {
  test('half-close travels, and the answer still comes back', async () => {
    const [near, inner] = await pair();
    const [far, outer] = await pair();
    const done = new Promise<void>((resolve) => joinStreams(inner, outer, resolve));
    near.end('question');
    assert.equal(await text(far), 'question');
    far.end('answer');
    assert.equal(await text(near), 'answer');
    await done;
  });

  test('a slow reader holds the writer: memory stays bounded, nothing is lost', async () => {
    const [near, inner] = await pair();
    const [far, outer] = await pair();
    joinStreams(inner, outer);
    const chunk = Buffer.alloc(64 * 1024, 1);
    const total = 32 * 1024 * 1024;
    const pumped = (async () => {
      for (let sent = 0; sent < total; sent += chunk.length) if (!near.write(chunk)) await once(near, 'drain');
      near.end();
    })();
    while (!outer.writableNeedDrain) await new Promise(setImmediate);
    assert.ok(inner.readableLength + outer.writableLength < 4 * 1024 * 1024);
    let received = 0;
    for await (const piece of far) received += (piece as Buffer).length;
    await pumped;
    assert.equal(received, total);
    far.end();
  });

  test('an abrupt end ends the other side', async () => {
    const [near, inner] = await pair();
    const [far, outer] = await pair();
    joinStreams(inner, outer);
    const closed = once(outer, 'close');
    inner.destroy();
    await closed;
    await text(far).catch(() => '');
    near.destroy();
  });

  test('a stream that is gone already takes the other with it', async () => {
    const [, inner] = await pair();
    const [, outer] = await pair();
    inner.destroy();
    await once(inner, 'close');
    const done = new Promise<void>((resolve) => joinStreams(inner, outer, resolve));
    await done;
    assert.ok(outer.destroyed);
  });
});

describe('the port proxy', () => {
  test('carries bytes both ways, and a refused connection ends the stream', async () => {
    const echo = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
    echo.listen(0, '127.0.0.1');
    await once(echo, 'listening');
    const { port } = echo.address() as AddressInfo;
    const socket = open(registry.offer(portProxy(['127.0.0.1'], port)));
    socket.end('to the container');
    assert.equal(await text(socket), 'to the container');
    echo.close();
    await once(echo, 'close');
    assert.equal(await text(open(registry.offer(portProxy(['127.0.0.1'], port)))), '');
  });

  test('takes the next address when one refuses', async () => {
    const echo = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
    echo.listen({ port: 0, host: '::1', ipv6Only: true });
    await once(echo, 'listening');
    const { port } = echo.address() as AddressInfo;
    const socket = open(registry.offer(portProxy(['127.0.0.1', '::1'], port)));
    socket.end('by IPv6');
    assert.equal(await text(socket), 'by IPv6');
    echo.close();
    await once(echo, 'close');
  });
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { readAll } from '../../../app/base/streams.ts';
import { newKeyPair } from '../../../app/machine/keys.ts';
import { connectSsh, type SshOptions } from '../../../app/transport/ssh.ts';
import { sshServer, type SshServer } from './ssh-server.ts';

const folder = await mkdtemp(join(tmpdir(), 'berth-ssh-'));
test.after(() => rm(folder, { recursive: true }));
let count = 0;

/** Answers each connection, once it has ended its side, with what it said in capitals. */
async function agent(t: test.TestContext, where: string | number): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    void readAll(socket, 64 * 2 ** 20).then(
      (bytes) => socket.end(bytes.toString().toUpperCase()),
      () => socket.destroy(),
    );
  }).listen(where);
  t.after(() => server.close());
  await once(server, 'listening');
  return server;
}

function options(server: SshServer, change: Partial<SshOptions> = {}): SshOptions {
  return {
    address: { host: '127.0.0.1', port: server.port },
    identity: { username: 'root', privateKey: server.clientKey, hostKey: server.hostKey },
    agentSocket: join(folder, `agent-${count}.sock`),
    limit: 10_000,
    ...change,
  };
}

async function connected(t: test.TestContext) {
  count++;
  const server = await sshServer();
  t.after(() => server[Symbol.asyncDispose]());
  await agent(t, join(folder, `agent-${count}.sock`));
  const transport = await connectSsh(options(server));
  t.after(() => transport.close());
  return { server, transport };
}

test('streams reach the agent, many at once, each with its own end', async (t) => {
  const { transport, server } = await connected(t);
  const talk = async (text: string) => {
    const stream = await transport.openStream({ kind: 'agent' });
    stream.end(text);
    return (await readAll(stream, 8 * 2 ** 20)).toString();
  };
  const large = 'x'.repeat(4 * 2 ** 20);
  const answers = await Promise.all([talk('one'), talk(large), talk('')]);
  assert.deepEqual(answers, ['ONE', large.toUpperCase(), '']);
  assert.equal(server.negotiated(), 'aes128-gcm@openssh.com');
});

test('streams reach a port of the guest', async (t) => {
  const { transport } = await connected(t);
  const inner = await agent(t, 0);
  const { port } = inner.address() as { port: number };
  const stream = await transport.openStream({ kind: 'tcp', port });
  stream.end('hello');
  assert.equal((await readAll(stream, 100)).toString(), 'HELLO');
});

test('a place where nobody listens is an error of that stream alone', async (t) => {
  const { transport } = await connected(t);
  await assert.rejects(transport.openStream({ kind: 'tcp', port: 1 }), { code: 'unreachable' });
  const stream = await transport.openStream({ kind: 'agent' });
  stream.end('on');
  assert.equal((await readAll(stream, 100)).toString(), 'ON');
});

test('a command runs with its streams and status, and with a terminal that can be resized', async (t) => {
  const { transport } = await connected(t);
  const plain = await transport.exec('true', {});
  plain.stdio.end('in ');
  const output = readAll(plain.stdio, 100);
  assert.equal((await readAll(plain.stderr, 100)).toString(), 'warning');
  assert.equal((await output).toString(), 'in true none');
  assert.deepEqual(await plain.exited, { code: 3, signal: null });
  const terminal = await transport.exec('sh', { terminal: { columns: 80, rows: 24, term: 'xterm' } });
  terminal.resize({ columns: 100, rows: 50 });
  terminal.stdio.end();
  assert.equal((await readAll(terminal.stdio, 100)).toString(), 'sh 100x50');
});

test('signals reach a command; one that has ended passes them over', async (t) => {
  const { transport } = await connected(t);
  const sleep = await transport.exec('sleep', {});
  sleep.stdio.resume();
  sleep.signal('INT');
  assert.deepEqual(await sleep.exited, { code: null, signal: 'SIGINT' });
  sleep.signal('INT');
});

test('a connection that breaks is told with its cause, one that is closed without', async (t) => {
  const broken = await connected(t);
  const cause = new Promise((resolve) => broken.transport.onClose(resolve));
  broken.server.drop();
  assert.ok((await cause) instanceof Error);
  await assert.rejects(broken.transport.openStream({ kind: 'agent' }), { code: 'unreachable' });
  const closed = await connected(t);
  const told = new Promise((resolve) => closed.transport.onClose(resolve));
  await closed.transport.close();
  assert.equal(await told, undefined);
  await closed.transport.close();
});

test('another host key than the pinned one is refused at once', async (t) => {
  const server = await sshServer();
  t.after(() => server[Symbol.asyncDispose]());
  const hostKey = newKeyPair('test').public;
  const identity = { username: 'root', privateKey: server.clientKey, hostKey };
  await assert.rejects(connectSsh(options(server, { identity })), {
    code: 'permission-denied',
    message: /is not this machine's guest/,
  });
});

test('a key that the guest does not know is refused at once', async (t) => {
  const server = await sshServer();
  t.after(() => server[Symbol.asyncDispose]());
  const privateKey = newKeyPair('test').private;
  const identity = { username: 'root', privateKey, hostKey: server.hostKey };
  await assert.rejects(connectSsh(options(server, { identity })), {
    code: 'permission-denied',
    message: "The guest does not accept the machine's key.",
  });
});

test('connecting goes on while the guest comes up: refused, dropped, silent, then there', async (t) => {
  const server = await sshServer();
  t.after(() => server[Symbol.asyncDispose]());
  let attempts = 0;
  const held: Socket[] = [];
  const front = createServer((socket) => {
    socket.on('error', () => undefined);
    held.push(socket);
    attempts++;
    if (attempts === 1) socket.resetAndDestroy();
    else if (attempts === 2) socket.end();
    else if (attempts > 3) socket.pipe(connect(server.port, '127.0.0.1')).pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(front, 'listening');
  t.after(() => {
    for (const socket of held) socket.destroy();
    front.close();
  });
  const { port } = front.address() as { port: number };
  const transport = await connectSsh(options(server, { address: { host: '127.0.0.1', port } }));
  assert.equal(attempts, 4);
  await transport.close();
});

test('when time is up, the last cause is named', async () => {
  const server = await sshServer();
  await server[Symbol.asyncDispose]();
  await assert.rejects(connectSsh(options(server, { limit: 200 })), {
    code: 'unreachable',
    message: /did not finish within 0.2 s.*ECONNREFUSED/,
  });
  const stop = new AbortController();
  const reason = new Error('enough');
  const connecting = connectSsh(options(server, { signal: stop.signal }));
  stop.abort(reason);
  await assert.rejects(connecting, reason);
});

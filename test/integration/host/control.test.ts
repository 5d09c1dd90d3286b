import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, mkdir, stat, symlink, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { readAll } from '../../../app/base/streams.ts';
import { hostFacts } from '../../../app/base/platform.ts';
import { connectControl } from '../../../app/control/client.ts';
import { removeStaleSocket } from '../../../app/base/stale-socket.ts';
import { serveControl } from '../../../app/control/server.ts';
import { hostMethods } from '../../../app/contract/index.ts';
import type { HostEvent } from '../../../app/contract/index.ts';
import { hostPair } from '../../support/host-pair.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const hello = { machine: 'default', clientVersion: '1' };

test('the socket is for this user alone', async (t) => {
  const { socketPath, connect: open } = await hostPair(t);
  assert.equal((await stat(socketPath)).mode & 0o777, 0o600);
  assert.equal((await stat(dirname(socketPath))).mode & 0o777, 0o700);
  const client = await open();
  assert.deepEqual(await client.hello, { hostVersion: '1.2.3', pid: process.pid });
});

test('every method of the contract has the name that the client gives it', async (t) => {
  const { connect: open } = await hostPair(t);
  const { api } = await open();
  for (const [group, methods] of Object.entries(hostMethods)) {
    if (group === 'service') continue;
    for (const key of Object.keys(methods)) {
      const calls = api[group as keyof typeof api] as Record<string, (params: unknown) => Promise<unknown>>;
      const answer = await calls[key]?.({ wrong: true }).catch((error: unknown) => String(error));
      assert.doesNotMatch(String(answer), /host service has no method/, `${group}.${key}`);
    }
  }
});

test('wrong parameters are told by method and path, before anything is done', async (t) => {
  const { connect: open } = await hostPair(t);
  const { api } = await open();
  await assert.rejects(api.engine.stop({ force: 'yes' } as never), {
    code: 'invalid-argument',
    message: /engine\.stop: force/,
  });
});

test('calls before hello are refused; a machine name that is none is told at hello', async (t) => {
  const { socketPath } = await hostPair(t);
  using client = await connectControl({ ...hello, socketPath, machine: 'a/b' });
  const early = client.api.engine.state({});
  await assert.rejects(client.hello, { code: 'invalid-argument' });
  await assert.rejects(early, { code: 'invalid-argument' });
  await assert.rejects(client.api.engine.state({}), { code: 'invalid-argument' });
  const socket = connect(socketPath);
  const body = '{"jsonrpc":"2.0","id":1,"method":"engine.state","params":{}}';
  socket.write(`BERTH/1 CONTROL\nContent-Length: ${body.length}\r\n\r\n${body}`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  assert.match(answer.toString(), /wrong-state/);
});

test('other bytes, and tokens that are not, are hung up on; the service goes on', async (t) => {
  const { socketPath, connect: open } = await hostPair(t);
  for (const bytes of [
    'GET / HTTP/1.1\r\n\r\n',
    `BERTH/1 STREAM ${'0'.repeat(32)}\n`,
    'BERTH/1 CONTROL\nContent-Length: x\r\n\r\n',
    'x'.repeat(500),
  ]) {
    const socket = connect(socketPath);
    socket.on('error', () => undefined);
    socket.resume().write(bytes);
    await once(socket, 'close');
  }
  assert.deepEqual(await (await open()).api.engine.state({}), { status: 'stopped' });
});

test('two clients that start the engine at once share one boot and see its stages', async (t) => {
  const { machine, connect: open } = await hostPair(t);
  const [first, second] = [await open(), await open()];
  const events: HostEvent[] = [];
  second.onEvent((event) => events.push(event));
  const states = await Promise.all([first.api.engine.start({}), second.api.engine.start({})]);
  assert.deepEqual(
    states.map(({ status }) => status),
    ['running', 'running'],
  );
  assert.equal(machine.vms.length, 1);
  const stages = events.flatMap((event) =>
    event.kind === 'engine' && event.state.status === 'starting' ? [event.state.stage] : [],
  );
  assert.deepEqual([...new Set(stages)], ['image', 'vm', 'kernel', 'agent', 'shares']);
});

test('cancelling a call reaches the guest', async (t) => {
  const { guest, connect: open } = await hostPair(t);
  const { api } = await open();
  await api.engine.start({});
  const [asked, aborted] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
  guest.on('container.wait', (_, __, signal) => {
    asked.resolve(undefined);
    signal.addEventListener('abort', () => aborted.resolve(undefined));
    return new Promise(() => undefined);
  });
  const abort = new AbortController();
  const waiting = api.containers.wait({ id: 'c', condition: 'next-exit' }, abort.signal);
  await asked.promise;
  abort.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
  await aborted.promise;
});

test('a client that leaves cancels what it asked for', async (t) => {
  const { guest, connect: open } = await hostPair(t);
  const client = await open();
  await client.api.engine.start({});
  const [asked, aborted] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
  guest.on('container.wait', (_, __, signal) => {
    asked.resolve(undefined);
    signal.addEventListener('abort', () => aborted.resolve(undefined));
    return new Promise(() => undefined);
  });
  const waiting = assert.rejects(client.api.containers.wait({ id: 'c', condition: 'next-exit' }), {
    code: 'unreachable',
  });
  await asked.promise;
  client.close();
  await waiting;
  await aborted.promise;
});

test('a stream token opens the guest’s bytes once, with half-close', async (t) => {
  const { guest, connect: open } = await hostPair(t);
  const client = await open();
  await client.api.engine.start({});
  guest.on('container.attach', () => ({ stream: guest.offer((stream) => stream.pipe(stream)) }));
  const { stream: token } = await client.api.containers.attach({ id: 'c', stdin: true });
  const stream = await client.openStream(token);
  const payload = Buffer.alloc(3_000_000, 'berth');
  stream.end(payload);
  assert.ok((await readAll(stream, 4_000_000)).equals(payload));
  const again = await client.openStream(token);
  assert.equal((await readAll(again, 1)).length, 0);
  again.destroy();
});

test('guest events come to the machine’s own clients, engine events to all', async (t) => {
  const { guest, connect: open } = await hostPair(t);
  const [own, other] = [await open(), await open('other')];
  const [seen, elsewhere] = [[] as string[], [] as string[]];
  own.onEvent((event) => seen.push(event.kind));
  other.onEvent((event) => elsewhere.push(event.kind));
  await own.api.engine.start({});
  const changed = new Promise((resolve) => own.onEvent((event) => event.kind === 'guest' && resolve(event)));
  guest.changed({ kind: 'container', id: 'c', action: 'die' });
  await changed;
  await other.api.engine.state({});
  assert.deepEqual([...new Set(seen)], ['engine', 'guest']);
  assert.deepEqual([...new Set(elsewhere)], ['engine']);
});

test('machines: listed with their states, changed, removed; a missing one is told', async (t) => {
  const { connect: open } = await hostPair(t);
  const { api } = await open();
  const work = await open('work');
  assert.equal((await work.api.machines.set({ cpus: 2 })).cpus, 2);
  assert.deepEqual(
    (await api.machines.list({})).map(({ name, settings }) => [name, settings.cpus]),
    [
      ['default', 1],
      ['work', 2],
    ],
  );
  await work.api.engine.start({});
  await api.machines.remove({ name: 'work' });
  assert.deepEqual(
    (await api.machines.list({})).map(({ name }) => name),
    ['default'],
  );
  await assert.rejects(api.machines.remove({ name: 'work' }), { code: 'no-such-machine' });
});

test('shutdown stops the machines, answers, and tells the process to end', async (t) => {
  const { machine, ended, connect: open } = await hostPair(t);
  const client = await open();
  await client.api.engine.start({});
  await client.shutdownService();
  await ended;
  assert.ok(machine.vm.stops.length > 0);
});

test('no service: unreachable, with how to start it', async (t) => {
  const socketPath = join(await temporaryFolder(t), 'none.sock');
  await assert.rejects(connectControl({ ...hello, socketPath }), { code: 'unreachable', hint: /berth start/ });
});

test('a second service at the same socket is refused; a dead one’s socket is replaced; other files stay', async (t) => {
  const { socketPath, folder } = await hostPair(t);
  await assert.rejects(removeStaleSocket(socketPath), { code: 'in-use' });
  const dead = join(folder, 'dead.sock');
  const server = createServer().listen(dead);
  await once(server, 'listening');
  // A process that dies leaves its socket file; closing in order would remove it.
  await symlink(dead, join(folder, 'link.sock'));
  await assert.rejects(removeStaleSocket(join(folder, 'link.sock')), { code: 'permission-denied' });
  server.close();
  await once(server, 'close');
  await removeStaleSocket(dead);
  const file = join(folder, 'file');
  await writeFile(file, 'mine');
  await assert.rejects(removeStaleSocket(file), { code: 'permission-denied' });
});

test('a folder that others may enter is closed to them before the socket is there', async (t) => {
  const folder = join(await temporaryFolder(t), 'open');
  await mkdir(folder);
  await chmod(folder, 0o755);
  const service = { version: '1', open: () => Promise.reject(new Error('none')), takeStream: () => undefined } as never;
  const server = await serveControl({
    ...{ socketPath: join(folder, 'control.sock'), facts: hostFacts(), service },
    onInternalError: () => undefined,
    onShutdown: () => undefined,
  });
  assert.equal((await stat(folder)).mode & 0o777, 0o700);
  await server[Symbol.asyncDispose]();
});

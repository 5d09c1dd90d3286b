import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { containerMethods, guestMethods, protocolVersion } from '../../../../guest-agent/protocol/index.ts';
import type { ChangedEvent } from '../../../../guest-agent/protocol/index.ts';
import { readAll } from '../../../../app/base/streams.ts';
import { silentLog } from '../../../../app/base/log.ts';
import { connectGuest } from '../../../../app/guest/guest-client.ts';
import type { Guest, GuestStatus } from '../../../../app/guest/guest.ts';
import { FakeGuest, refuse } from '../../../support/fake-guest.ts';
import { socketTransport } from '../../../support/fake-machine.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

interface Pair {
  readonly fake: FakeGuest;
  readonly guest: Guest;
  readonly statuses: GuestStatus[];
}

async function fakeGuest(t: TestContext): Promise<FakeGuest> {
  const fake = new FakeGuest(await temporaryFolder(t));
  t.after(() => fake.die());
  return fake;
}

async function connected(
  t: TestContext,
  heartbeat = { interval: 60_000, limit: 5000 },
  patience = 5000,
): Promise<Pair> {
  const fake = await fakeGuest(t);
  await fake.listen();
  const guest = await connectGuest(options(fake, heartbeat, patience), AbortSignal.timeout(5000));
  t.after(() => guest.close());
  const statuses: GuestStatus[] = [];
  guest.onStatus((status) => statuses.push(status));
  return { fake, guest, statuses };
}

function options(fake: FakeGuest, heartbeat = { interval: 60_000, limit: 5000 }, patience = 5000) {
  const connect = () => Promise.resolve(socketTransport(fake.socketPath));
  const lookUp = () => Promise.resolve({ outcome: 'no-such-name' as const });
  return { connect, hostVersion: '1', lookUp, log: silentLog, heartbeat, patience };
}

function status(guest: Guest, kind: GuestStatus['kind']): Promise<GuestStatus> {
  return new Promise((resolve) => {
    const listening = guest.onStatus((next) => {
      if (next.kind !== kind) return;
      listening[Symbol.dispose]();
      resolve(next);
    });
  });
}

const stop = { id: 'c', timeoutSeconds: 1 };

test('waits for an agent that comes up later, and keeps its hello', async (t) => {
  const fake = await fakeGuest(t);
  const coming = connectGuest(options(fake), AbortSignal.timeout(5000));
  await fake.listen();
  const guest = await coming;
  t.after(() => guest.close());
  assert.equal(guest.hello.kernel, '6.12.0');
  assert.deepEqual(fake.asked('hello'), [{ protocolVersion, hostVersion: '1' }]);
});

test('an agent that never comes: the signal’s reason, with the last failure as cause', async (t) => {
  const fake = await fakeGuest(t);
  const reason = new Error('time is up');
  const abort = new AbortController();
  const coming = connectGuest({ ...options(fake), connect: () => Promise.reject(new Error('no ssh')) }, abort.signal);
  setImmediate(() => abort.abort(reason));
  await assert.rejects(coming, (error: Error) => {
    assert.equal(error, reason);
    assert.match(String(error.cause), /no ssh/);
    return true;
  });
});

test('another protocol version is told at once, with what to do', async (t) => {
  const other = protocolVersion + 1;
  for (const answer of [{ version: other }, { refused: true }]) {
    const fake = await fakeGuest(t);
    if (answer.refused === true) fake.on('hello', refuse('protocol-mismatch', `speaks protocol ${other}`));
    else fake.hello = { ...fake.hello, protocolVersion: other };
    await fake.listen();
    await assert.rejects(connectGuest(options(fake), AbortSignal.timeout(5000)), {
      code: 'protocol-mismatch',
      message: new RegExp(`speaks protocol ${other}`),
      hint: /berth restart/,
    });
  }
});

test('an agent’s error arrives whole', async (t) => {
  const { fake, guest } = await connected(t);
  fake.on('container.stop', refuse('no-such-container', 'there is no c'));
  await assert.rejects(guest.call(containerMethods.stop, stop), {
    code: 'no-such-container',
    message: 'there is no c',
  });
});

test('an answer of another shape is a mismatch that names the method', async (t) => {
  const { fake, guest } = await connected(t);
  fake.on('guest.disk', () => ({ totalBytes: 'many', freeBytes: 0 }));
  await assert.rejects(guest.call(guestMethods.disk, {}), {
    code: 'protocol-mismatch',
    message: /guest\.disk.*totalBytes/,
  });
});

test('cancelling reaches the agent', async (t) => {
  const { fake, guest } = await connected(t);
  const aborted = Promise.withResolvers<undefined>();
  const asked = Promise.withResolvers<undefined>();
  fake.on('container.wait', (_, __, signal) => {
    asked.resolve(undefined);
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        aborted.resolve(undefined);
        reject(new Error('aborted'));
      });
    });
  });
  const abort = new AbortController();
  const call = guest.call(containerMethods.wait, { id: 'c', condition: 'next-exit' }, { signal: abort.signal });
  await asked.promise;
  abort.abort(new Error('enough'));
  await assert.rejects(call, /enough/);
  await aborted.promise;
});

test('streams carry bytes both ways with half-close', async (t) => {
  const { fake, guest } = await connected(t);
  const token = fake.offer((stream) => stream.pipe(stream));
  const stream = await guest.openStream(token);
  stream.end('there and back');
  assert.equal((await readAll(stream, 100)).toString(), 'there and back');
});

test('after the agent’s restart: calls in flight are told, repeatable ones are made again, events flow', async (t) => {
  const { fake, guest, statuses } = await connected(t);
  const waiting = Promise.withResolvers<undefined>();
  fake.on('container.wait', () => {
    waiting.resolve(undefined);
    return new Promise(() => undefined);
  });
  const wait = { id: 'c', condition: 'next-exit' } as const;
  const once_ = guest.call(containerMethods.wait, wait);
  const again = { ...wait, again: true };
  const repeated = guest.call(containerMethods.wait, wait, { repeat: true, again });
  const lost = assert.rejects(once_, { code: 'unreachable' });
  await waiting.promise;
  const back = status(guest, 'connected');
  await fake.die();
  fake.on('container.wait', () => ({ exitCode: 3 }));
  await fake.restart('second');
  await lost;
  assert.deepEqual(await repeated, { exitCode: 3 });
  assert.deepEqual(fake.asked('container.wait'), [wait, wait, again]);
  assert.deepEqual(await back, { kind: 'connected', hello: fake.hello, restarted: true });
  assert.deepEqual(
    statuses.map(({ kind }) => kind),
    ['lost', 'connected'],
  );
  const events: ChangedEvent[] = [];
  const changed = new Promise((resolve) => guest.onChanged((event) => resolve(events.push(event))));
  fake.changed({ kind: 'container', id: 'c', action: 'die' });
  await changed;
  assert.equal(events[0]?.action, 'die');
});

test('the same agent after a broken connection is not a restart', async (t) => {
  const { fake, guest } = await connected(t);
  const back = status(guest, 'connected');
  await fake.restart(fake.hello.agentInstance);
  assert.equal(((await back) as { restarted: boolean }).restarted, false);
});

test('an agent that stops answering is noticed by the heartbeat', async (t) => {
  const { fake, guest } = await connected(t, { interval: 5, limit: 50 });
  fake.on('ping', () => new Promise(() => undefined));
  const lost = await status(guest, 'lost');
  assert.equal(lost.kind === 'lost' && lost.cause.message.includes('broke'), true);
});

test('a call waits for the agent to come back, but not forever', async (t) => {
  const { fake, guest } = await connected(t, { interval: 60_000, limit: 5000 }, 60);
  const lost = status(guest, 'lost');
  await fake.die();
  await lost;
  await assert.rejects(guest.call(containerMethods.stop, stop), { code: 'timeout' });
});

test('another version after a restart is final and told', async (t) => {
  const { fake, guest } = await connected(t);
  const failed = status(guest, 'failed');
  await fake.die();
  fake.hello = { ...fake.hello, protocolVersion: 9, agentInstance: 'newer' };
  await fake.listen();
  const told = await failed;
  assert.match(told.kind === 'failed' ? told.cause.message : '', /speaks protocol 9/);
});

test('after close nothing is called', async (t) => {
  const { guest } = await connected(t);
  await guest.close();
  await assert.rejects(guest.call(containerMethods.stop, stop), { code: 'engine-stopped' });
  await assert.rejects(guest.openStream('0'.repeat(32)), { code: 'engine-stopped' });
});

test('bytes that are no messages end the connection', async (t) => {
  const { fake, guest } = await connected(t);
  const lost = status(guest, 'lost');
  const socket = await socketTransport(fake.socketPath).openStream({ kind: 'agent' });
  socket.end('GET / HTTP/1.1\r\n\r\n');
  await once(socket, 'close');
  await fake.restart('second');
  await lost;
});

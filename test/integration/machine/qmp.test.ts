import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { Qmp, type QmpEvent } from '../../../app/machine/backends/qemu/qmp.ts';

const folder = await mkdtemp(join(tmpdir(), 'berth-qmp-'));
test.after(() => rm(folder, { recursive: true }));
let count = 0;

interface Command {
  readonly execute: string;
  readonly arguments?: unknown;
  readonly id: number;
}

/** A server for one connection; `answer` gets each command. */
async function monitor(greeting: string, answer: (command: Command, socket: Socket) => void) {
  const path = join(folder, `${++count}.sock`);
  const server = createServer((socket) => {
    server.close();
    let rest = '';
    socket.on('error', () => undefined);
    socket.write(greeting);
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) answer(JSON.parse(line) as Command, socket);
    });
  });
  server.listen(path);
  await once(server, 'listening');
  return path;
}

const GREETING = '{"QMP":{"version":{},"capabilities":["oob"]}}\r\n';
const say = (socket: Socket, value: unknown) => socket.write(`${JSON.stringify(value)}\r\n`);

test('capabilities are negotiated first, and answers find their commands in any order', async () => {
  const asked: Command[] = [];
  const path = await monitor(GREETING, (command, socket) => {
    asked.push(command);
    if (asked.length === 1) say(socket, { return: {}, id: command.id });
    if (asked.length === 3)
      for (const { execute, id } of asked.slice(1).reverse()) say(socket, { return: execute, id });
  });
  using qmp = await Qmp.connect(path);
  const answers = await Promise.all([qmp.execute('query-status'), qmp.execute('query-name', { a: 1 })]);
  assert.deepEqual(answers, ['query-status', 'query-name']);
  assert.equal(asked[0]?.execute, 'qmp_capabilities');
  assert.deepEqual(asked[2]?.arguments, { a: 1 });
});

test('events come between answers, and a message may come in pieces', async () => {
  const path = await monitor(GREETING.slice(0, 10), (command, socket) => {
    const text = `{"event":"STOP","timestamp":{}}\r\n{"return":"ü","id":${command.id}}\r\n`;
    const bytes = Buffer.from(text);
    socket.write(bytes.subarray(0, bytes.length - 13));
    setImmediate(() => socket.write(bytes.subarray(bytes.length - 13)));
  });
  const half = await monitorRest(path);
  using qmp = half;
  const events: QmpEvent[] = [];
  qmp.events.add((event) => events.push(event));
  assert.equal(await qmp.execute('stop'), 'ü');
  assert.deepEqual(events, [{ event: 'STOP', data: undefined }]);
});

/** Connects to a monitor whose greeting is still incomplete. */
async function monitorRest(broken: string): Promise<Qmp> {
  const path = join(folder, `${++count}.sock`);
  const { connect } = await import('node:net');
  const server = createServer((socket) => {
    server.close();
    const inner = connect(broken);
    socket.on('error', () => undefined).pipe(inner);
    inner.once('data', (first: Buffer) => {
      socket.write(first);
      setImmediate(() => {
        socket.write(GREETING.slice(10));
        inner.pipe(socket);
      });
    });
  });
  server.listen(path);
  await once(server, 'listening');
  return Qmp.connect(path);
}

test("QEMU's refusal is an error in its words", async () => {
  const path = await monitor(GREETING, ({ execute, id }, socket) => {
    if (execute === 'qmp_capabilities') say(socket, { return: {}, id });
    else say(socket, { error: { class: 'GenericError', desc: 'no such device' }, id });
  });
  using qmp = await Qmp.connect(path);
  await assert.rejects(qmp.execute('device_del'), {
    code: 'operation-failed',
    message: 'QEMU refused device_del: no such device',
  });
});

test('commands that wait fail when QEMU goes away, later ones at once', async () => {
  const path = await monitor(GREETING, ({ execute, id }, socket) => {
    if (execute === 'qmp_capabilities') say(socket, { return: {}, id });
    else socket.destroy();
  });
  using qmp = await Qmp.connect(path);
  await assert.rejects(qmp.execute('quit'), { code: 'unreachable' });
  await assert.rejects(qmp.execute('query-status'), { code: 'unreachable' });
});

test('no listener, and something that is not QEMU, are unreachable', async () => {
  await assert.rejects(Qmp.connect(join(folder, 'none')), { code: 'unreachable' });
  const path = await monitor('SSH-2.0-OpenSSH\r\n', () => undefined);
  await assert.rejects(Qmp.connect(path), { code: 'unreachable' });
});

test('a monitor that stays silent is given up with the signal', async () => {
  const path = await monitor('', () => undefined);
  const stop = new AbortController();
  const reason = new Error('enough');
  const connecting = Qmp.connect(path, stop.signal);
  stop.abort(reason);
  await assert.rejects(connecting, reason);
});

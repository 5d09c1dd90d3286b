import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import test from 'node:test';
import { silentLog } from '../../../../app/base/log.ts';
import { hostPlatform } from '../../../../app/base/platform.ts';
import { readAll } from '../../../../app/base/streams.ts';
import { checkPort } from '../../../../app/ports/port-check.ts';
import type { ForwardedAddress } from '../../../../app/ports/port-driver.ts';
import { PortForwarder } from '../../../../app/ports/port-forwarder.ts';
import { listeningInodes } from '../../../../app/ports/port-holder.ts';
import { hostAddresses, portChanges } from '../../../../app/ports/port-plan.ts';
import { relayUdp } from '../../../../app/ports/udp-relay.ts';

const forward = (host: string, hostPort: number, guestPort = 80) => ({
  ...{ protocol: 'tcp' as const, host, hostPort, guestPort },
});
const portOf = (server: Server) => (server.address() as { port: number }).port;

/** Answers with its name and what was said. */
async function service(t: test.TestContext, name: string): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    void readAll(socket, 2 ** 20).then((bytes) => socket.end(`${name} ${bytes.toString()}`));
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return portOf(server);
}

async function ask(host: string, port: number): Promise<string> {
  const socket = connect({ host, port, allowHalfOpen: true });
  socket.end('hi');
  return (await readAll(socket, 100)).toString();
}

for (const { what, wanted, active, close, open } of [
  { what: 'nothing to do', wanted: [forward('::1', 1)], active: [forward('::1', 1)], close: [], open: [] },
  { what: 'a new one', wanted: [forward('::1', 1)], active: [], close: [], open: [forward('::1', 1)] },
  { what: 'one too many', wanted: [], active: [forward('::1', 1)], close: [forward('::1', 1)], open: [] },
  {
    what: 'another target',
    wanted: [forward('::1', 1, 81)],
    active: [forward('::1', 1, 80)],
    close: [forward('::1', 1, 80)],
    open: [forward('::1', 1, 81)],
  },
  {
    what: 'the same twice',
    wanted: [forward('::1', 1), forward('::1', 1)],
    active: [],
    close: [],
    open: [forward('::1', 1)],
  },
])
  test(`plan: ${what}`, () => assert.deepEqual(portChanges(wanted, active), { close, open }));

test('no address means both loopbacks; brackets are taken off', () => {
  assert.deepEqual(hostAddresses(''), ['127.0.0.1', '::1']);
  assert.deepEqual(hostAddresses('localhost'), ['127.0.0.1', '::1']);
  assert.deepEqual(hostAddresses('[::1]'), ['::1']);
  assert.deepEqual(hostAddresses('0.0.0.0'), ['0.0.0.0']);
});

test('the table of sockets tells which listen on a port', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100',
    '   1: 0100007F:1F90 0100007F:D2F0 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0 100',
    '   2: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100',
  ].join('\n');
  assert.deepEqual(listeningInodes(table, 8080), ['4711']);
  assert.deepEqual(listeningInodes(table, 22), ['4713']);
  assert.deepEqual(listeningInodes(table, 80), []);
});

for (const host of ['127.0.0.1', '::1'])
  test(`a busy port on ${host} is named with who has it; a free one passes and stays free`, async (t) => {
    const server = createServer().listen(0, host);
    t.after(() => server.close());
    await once(server, 'listening');
    const port = portOf(server);
    await assert.rejects(checkPort(host, port), {
      code: 'port-busy',
      message:
        hostPlatform().os === 'linux' ? new RegExp(`:${port} is in use by .* \\(process ${process.pid}\\)`) : /in use/,
    });
    const free = await checkPort(host, 0);
    assert.equal(await checkPort(host, free), free);
  });

test("an address that is not the host's is refused", async () => {
  await assert.rejects(checkPort('192.0.2.1', 8080), { code: 'invalid-argument' });
});

test('without forwarding by the hypervisor every connection is a stream to the guest', async (t) => {
  const guest = await service(t, 'guest');
  const forwarder = new PortForwarder(
    { connect: (port) => Promise.resolve(connect({ port, host: '127.0.0.1', allowHalfOpen: true })) },
    silentLog,
  );
  const hosts = ['127.0.0.1', '::1'];
  const wanted = await Promise.all(hosts.map(async (host) => forward(host, await checkPort(host, 0), guest)));
  await forwarder.set(wanted);
  for (const { host, hostPort } of wanted) assert.equal(await ask(host, hostPort), 'guest hi');
  assert.deepEqual(forwarder.active, wanted);
  await forwarder.close();
  for (const { host, hostPort } of wanted) await assert.rejects(ask(host, hostPort), { code: 'ECONNREFUSED' });
});

test('the hypervisor forwards IPv4, and IPv6 goes through its listener', async (t) => {
  const hypervisor = createServer({ allowHalfOpen: true }, (socket) => {
    void readAll(socket, 100).then((bytes) => socket.end(`fast ${bytes.toString()}`));
  });
  t.after(() => hypervisor.close());
  const calls: string[] = [];
  const hostForwards = {
    add: async ({ host, port }: { host: string; port: number }, guestPort: number) => {
      calls.push(`add ${host} ${guestPort}`);
      hypervisor.listen(port, host);
      await once(hypervisor, 'listening');
    },
    remove: ({ host }: { host: string }) => Promise.resolve(void calls.push(`remove ${host}`)),
  };
  const connectStream = () => Promise.reject(new Error('no stream is needed'));
  const forwarder = new PortForwarder({ connect: connectStream, hostForwards }, silentLog);
  const port = await checkPort('127.0.0.1', 0);
  await forwarder.set([forward('127.0.0.1', port, 8000), forward('::1', port, 8000)]);
  assert.equal(await ask('::1', port), 'fast hi');
  await forwarder.close();
  assert.deepEqual(calls, ['add 127.0.0.1 8000', 'remove 127.0.0.1']);
});

test('a port of a container with IPv6 is a stream to it, in that family alone', async (t) => {
  const guest = await service(t, 'guest');
  const calls: unknown[] = [];
  const hostForwards = { add: () => Promise.resolve(), remove: () => Promise.resolve() };
  const stream = (port: number, either: boolean) => {
    calls.push([port, either]);
    return Promise.resolve(connect({ port, host: '127.0.0.1', allowHalfOpen: true }));
  };
  const forwarder = new PortForwarder({ connect: stream, hostForwards }, silentLog);
  t.after(() => forwarder.close());
  const port = await checkPort('::1', 0);
  await forwarder.set([forward('127.0.0.1', port, guest), { ...forward('::1', port, guest), ipv6: true }]);
  assert.equal(await ask('::1', port), 'guest hi');
  assert.deepEqual(calls, [[guest, true]]);
});

test('when one port is busy, those opened before it are closed again', async (t) => {
  const busy = createServer().listen(0, '127.0.0.1');
  t.after(() => busy.close());
  await once(busy, 'listening');
  const free = await checkPort('127.0.0.1', 0);
  const forwarder = new PortForwarder({ connect: () => Promise.reject(new Error('none')) }, silentLog);
  const wanted = [forward('127.0.0.1', free), forward('127.0.0.1', portOf(busy))];
  await assert.rejects(forwarder.check(wanted), { code: 'port-busy' });
  await assert.rejects(forwarder.set(wanted), { code: 'port-busy' });
  assert.deepEqual(forwarder.active, []);
  assert.equal(await checkPort('127.0.0.1', free), free);
});

test('a guest that does not answer closes the connection, and the port stays open', async (t) => {
  const guest = await service(t, 'late');
  let up = false;
  const open = (port: number) =>
    up
      ? Promise.resolve(connect({ port, host: '127.0.0.1', allowHalfOpen: true }))
      : Promise.reject(new Error('not yet'));
  const forwarder = new PortForwarder({ connect: open }, silentLog);
  const port = await checkPort('127.0.0.1', 0);
  await forwarder.set([forward('127.0.0.1', port, guest)]);
  const early = connect({ port, host: '127.0.0.1' }).on('error', () => undefined);
  await once(early, 'close');
  up = true;
  assert.equal(await ask('127.0.0.1', port), 'late hi');
  await forwarder.close();
});

for (const hosts of [['127.0.0.1'], ['::1'], ['127.0.0.1', '::1']])
  test(`UDP on ${hosts.join(' and ')}: answers find the way back to whoever asked; released at the end`, async (t) => {
    const guest = createSocket('udp4');
    guest.on('message', (message, { port, address }) => guest.send(`guest ${message.toString()}`, port, address));
    t.after(() => guest.close());
    const calls: string[] = [];
    const hypervisor = new Map<number, () => void>();
    const hostForwards = {
      add: async ({ protocol, host: on, port }: ForwardedAddress) => {
        calls.push(`add ${protocol}`);
        hypervisor.set(port, await relayUdp({ host: on, port }, { host: '127.0.0.1', port: guest.address().port }));
      },
      remove: ({ protocol, port }: ForwardedAddress) => {
        hypervisor.get(port)?.();
        return Promise.resolve(void calls.push(`remove ${protocol}`));
      },
    };
    guest.bind(0, '127.0.0.1');
    await once(guest, 'listening');
    const forwarder = new PortForwarder({ connect: () => Promise.reject(new Error('none')), hostForwards }, silentLog);
    const [first = ''] = hosts;
    const port = await checkPort(first, 0, 'udp');
    await forwarder.set(hosts.map((host) => ({ ...forward(host, port, 53), protocol: 'udp' })));
    for (const host of hosts) {
      await assert.rejects(checkPort(host, port, 'udp'), { code: 'port-busy' });
      const clients = ['one', 'two'].map((name) => ({ name, socket: createSocket(host === '::1' ? 'udp6' : 'udp4') }));
      // What is connected hears only the port that it asked.
      for (const { socket } of clients) await new Promise<void>((resolve) => socket.connect(port, host, resolve));
      for (const { name, socket } of clients) socket.send(name);
      for (const { name, socket } of clients) {
        const [answer] = (await once(socket, 'message')) as [Buffer];
        assert.equal(answer.toString(), `guest ${name}`);
        socket.close();
      }
    }
    await forwarder.close();
    for (const host of hosts) assert.equal(await checkPort(host, port, 'udp'), port);
    assert.deepEqual(calls, ['add udp', 'remove udp'], 'one forwarding to one port of the guest');
  });

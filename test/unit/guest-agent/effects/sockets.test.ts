import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { parsePortRules } from '../../../../guest-agent/effects/linux/nft.ts';
import { listenersOf, parseSockets } from '../../../../guest-agent/effects/linux/sockets.ts';

const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const line = (address: string, state: string, inode: number): string =>
  `   0: ${address} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0000 100\n`;

test('what waits, of both families, in the order of bytes of the machine', () => {
  const table =
    head +
    line('0100007F:1F90', '0A', 7) +
    line('0200001E:0050', '01', 8) +
    line('00000000:0050', '0A', 9) +
    'rubbish\n';
  assert.deepEqual(parseSockets(table, 'tcp'), [
    { address: '127.0.0.1', port: 8080, inode: '7' },
    { address: '0.0.0.0', port: 80, inode: '9' },
  ]);
  const six =
    line('00000000000000000000000001000000:0050', '0A', 1) + line('0000000000000000FFFF00000100007F:0051', '0A', 2);
  assert.deepEqual(
    parseSockets(six, 'tcp').map(({ address, port }) => [address, port]),
    [
      ['::1', 80],
      ['::ffff:7f00:1', 81],
    ],
  );
  assert.equal(parseSockets(line('00000000:0035', '07', 3), 'udp').length, 1);
});

test('a server of this process is found, with who holds it', { skip: !existsSync('/proc/net/tcp') }, async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const found = listenersOf(process.pid, 'tcp').find((one) => one.port === port);
  assert.deepEqual([found?.address, found?.pid], ['127.0.0.1', process.pid]);
  assert.notEqual(found?.command ?? '', '');
});

test('the elements of a map, as nft tells them; none of an empty one', () => {
  const map = { family: 'inet', name: 'tcp_ports', table: 'berth', map: 'ipv4_addr . inet_service' };
  const elem = [
    [20_000, { concat: ['172.30.0.2', 80] }],
    [20_001, { concat: ['172.30.0.3', 443] }],
  ];
  const listing = (more: object): string =>
    JSON.stringify({ nftables: [{ metainfo: {} }, { map: { ...map, ...more } }] });
  assert.deepEqual(parsePortRules(listing({ elem })), [
    { guestPort: 20_000, address: '172.30.0.2', port: 80 },
    { guestPort: 20_001, address: '172.30.0.3', port: 443 },
  ]);
  assert.deepEqual(parsePortRules(listing({})), []);
});

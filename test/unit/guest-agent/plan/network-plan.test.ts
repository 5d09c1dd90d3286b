import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addressOp,
  bridgeOp,
  deleteLinkOp,
  endpointOps,
  loopbackOp,
  routeOps,
  parseMac,
  vethOps,
} from '../../../../guest-agent/plan/network-plan.ts';
import {
  addPortsText,
  fastPathText,
  planBridge,
  removePortsText,
  rulesetText,
} from '../../../../guest-agent/plan/network-setup-plan.ts';
import { describeOp } from '../../../../guest-agent/plan/explain.ts';
import { none32, type Op } from '../../../../guest-agent/plan/op.ts';
import { contextOf } from './fixtures.ts';

function netlink(op: Op | undefined): Extract<Op, { op: 'netlink' }> {
  assert.ok(op?.op === 'netlink');
  return op;
}
const hex = (op: Op | undefined) => [...netlink(op).message].map((byte) => byte.toString(16).padStart(2, '0')).join('');
const words = (...parts: string[]) => parts.join('').replaceAll(' ', '');
const [endpoint] = contextOf().endpoints;
assert.ok(endpoint);

test('messages, byte by byte: nlmsghdr, header, attributes padded to four', () => {
  const up = words('20000000 1000 0500 00000000 00000000', '00 00 0000 01000000 01000000 01000000');
  assert.equal(hex(loopbackOp()), up);
  const address = words(
    '30000000 1400 0506 00000000 00000000',
    '02 10 00 00 00000000',
    '0800 0200 ac1e0002',
    '0800 0100 ac1e0002',
    '0800 0400 ac1effff',
  );
  assert.equal(hex(endpointOps(endpoint)[0]), address);
  const route = words('24000000 1800 0505 00000000 00000000', '02 00 00 00 fe 03 00 01 00000000', '0800 0500 ac1e0001');
  assert.equal(hex(endpointOps(endpoint)[2]), route);
  const gone = words(
    '2c000000 1100 0500 00000000 00000000',
    '00000000 00000000 00000000 00000000',
    '0900 0300 76657468 00000000',
  );
  assert.equal(hex(deleteLinkOp('veth')), gone);
});

test('the veth message: where the pid and the bridge’s index go is where their attributes are', () => {
  const op = netlink(vethOps(endpoint)[0]);
  const view = new DataView(op.message.buffer);
  const attributeBefore = (offset: number) => [view.getUint16(offset - 4, true), view.getUint16(offset - 2, true)];
  assert.deepEqual(attributeBefore(op.pidAt), [8, 19], 'IFLA_NET_NS_PID');
  assert.deepEqual(attributeBefore(op.indexAt), [8, 10], 'IFLA_MASTER');
  assert.equal(view.getUint32(0, true), op.message.length);
  assert.equal(op.ifname, 'berth0');
  assert.equal(
    describeOp(op),
    'netlink RTM_NEWLINK up name vec0ffee master {index} kind veth peer (name eth0 address 02:42:ac:1e:00:02 netns {pid}) ({index}: that of berth0)',
  );
});

test('a port that meets no other of its bridge is isolated once it is there', () => {
  const ops = vethOps({ ...endpoint, isolated: true });
  assert.deepEqual(ops.map(describeOp).slice(1), ['netlink RTM_NEWLINK name vec0ffee port of kind bridge isolated 1']);
  assert.equal(vethOps(endpoint).length, 1);
});

test('only what is marked is filled in', () => {
  const [address, , route] = endpointOps(endpoint).map(netlink);
  assert.deepEqual([address?.pidAt, address?.indexAt, address?.ifname], [none32, 20, 'eth0']);
  assert.deepEqual([route?.pidAt, route?.indexAt], [none32, none32]);
});

test('addresses', () => {
  assert.deepEqual([...parseMac('02:42:Ac-00:00:01')], [2, 0x42, 0xac, 0, 0, 1]);
  for (const bad of ['', '02:42', '01:00:00:00:00:00', '02:42:ac:11:00:zz'])
    assert.throws(() => parseMac(bad), { code: 'invalid-argument' }, bad);
  assert.match(describeOp(addressOp('x', '10.9.8.7', 8)), /10\.9\.8\.7 broadcast 10\.255\.255\.255\/8/);
  assert.match(describeOp(addressOp('x', '10.9.8.7', 32)), /broadcast 10\.9\.8\.7\/32/);
  assert.throws(() => bridgeOp('sixteen-bytes-xx', '02:00:00:00:00:01'), { code: 'invalid-argument' });
});

const network = {
  bridge: 'berth0',
  mac: '02:42:ac:1e:00:01',
  pools: [{ subnet: '172.30.0.0/16', gateway: '172.30.0.1' }],
  ...{ internal: false, icc: true, masquerade: true },
};
const web = { protocol: 'tcp' as const, guestPort: 20_001, ipv4: '172.30.0.2', containerPort: 80 };
const dns = { protocol: 'udp' as const, guestPort: 20_002, ipv4: '172.30.0.3', containerPort: 53 };

test('the bridge', () => {
  assert.deepEqual(planBridge(network).map(describeOp), [
    'netlink RTM_NEWLINK up name berth0 address 02:42:ac:1e:00:01 kind bridge',
    'netlink RTM_NEWADDR local 172.30.0.1 broadcast 172.30.255.255/16 ({index}: that of berth0)',
  ]);
});

test('the rules: replaced as a whole, ports changed one by one', () => {
  const text = rulesetText({ networks: [network], ports: [web, dns], names: [] });
  assert.ok(text.startsWith('table inet berth\ndelete table inet berth\n'));
  assert.ok(text.includes('ip saddr 172.30.0.0/16 oifname != "berth0" masquerade'));
  assert.ok(text.includes('elements = { 20001 : 172.30.0.2 . 80 }'));
  assert.equal(addPortsText([web, dns]).split('\n')[1], 'add element inet berth udp_ports { 20002 : 172.30.0.3 . 53 }');
  assert.equal(removePortsText([web]), 'delete element inet berth tcp_ports { 20001 : 172.30.0.2 . 80 }\n');
  assert.throws(() => addPortsText([{ ...web, guestPort: 0 }]), { code: 'invalid-argument' });
  assert.throws(() => addPortsText([{ ...web, ipv4: '1.2.3.4 }; flush ruleset; {' }]), { code: 'invalid-argument' });
});

test('networks are kept apart; what is internal has no way out; without icc its containers do not meet', () => {
  const closed = {
    ...network,
    bridge: 'br-in',
    internal: true,
    pools: [{ subnet: '10.9.0.0/24', gateway: '10.9.0.1' }],
  };
  const dual = {
    ...{ ...network, bridge: 'br-six', icc: false },
    pools: [...closed.pools, { subnet: 'fd00:9::/64', gateway: 'fd00:9::1' }],
  };
  const text = rulesetText({ networks: [network, closed, dual], ports: [], names: [] });
  const lines = text.split('\n').map((line) => line.trim());
  const forward = lines.slice(lines.indexOf('chain forward {') + 2, lines.indexOf('chain postrouting {') - 1);
  assert.deepEqual(forward, [
    'iifname "berth0" oifname "berth0" accept',
    'iifname "br-in" oifname "br-in" accept',
    'iifname "br-six" oifname "br-six" ct state new drop',
    'iifname "br-in" drop',
    'oifname "br-in" drop',
    'iifname { "berth0", "br-in", "br-six" } oifname { "berth0", "br-in", "br-six" } ct state new drop',
  ]);
  assert.ok(lines.includes('ip6 saddr fd00:9::/64 oifname != "br-six" masquerade'));
  assert.ok(!text.includes('oifname != "br-in" masquerade'));
  assert.ok(!text.includes('flowtable'));
  const unmasked = { networks: [{ ...network, masquerade: false }], ports: [], names: [], uplink: 'eth0' };
  const other = rulesetText(unmasked);
  assert.ok(!other.includes('oifname != "berth0" masquerade'));
  assert.ok(other.includes('hook ingress priority filter; devices = { "eth0", "berth0" };'));
  const cable = 'add flowtable inet berth fast { hook ingress priority filter; devices = { "bv1", "bv2" }; }\n';
  assert.equal(fastPathText(['bv1', 'bv2']), cable);
  assert.ok(other.includes('ct status dnat meta l4proto tcp flow add @fast\n  }\n  chain postrouting'));
});

test('IPv6: address without a wait for duplicates, and a route of its own; a cable into a process that runs', () => {
  const six = { ...endpoint, ipv6: { address: 'fd00:9::2', prefixLength: 64, gateway: 'fd00:9::1' }, mtu: 1400 };
  const ops = endpointOps(six).map(netlink);
  assert.deepEqual([...(ops[1]?.message.subarray(16, 20) ?? [])], [10, 64, 2, 0]);
  assert.deepEqual(ops.map(describeOp).slice(1), [
    'netlink RTM_NEWADDR local fd00:9::2/64 ({index}: that of eth0)',
    'netlink RTM_NEWLINK up name eth0',
    'netlink RTM_NEWROUTE default via 172.30.0.1',
    'netlink RTM_NEWROUTE default via fd00:9::1',
  ]);
  assert.deepEqual(routeOps({ gateway: '' }), []);
  const live = netlink(vethOps(six, 4711)[0]);
  assert.equal(live.pidAt, none32);
  assert.match(describeOp(live), /^netlink RTM_NEWLINK up name vec0ffee mtu 1400 master/);
});

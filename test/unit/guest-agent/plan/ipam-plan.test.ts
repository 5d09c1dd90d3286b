import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  addressBytes,
  contains,
  formatAddress,
  formatCidr,
  overlap,
  parseAddress,
  parseCidr,
  within,
} from '../../../../guest-agent/plan/cidr.ts';
import { gatewayNetwork, wantedNetworks } from '../../../../guest-agent/plan/gateway-choice.ts';
import { automaticPools, planPools } from '../../../../guest-agent/plan/ipam-plan.ts';
import { bridgeOptions } from '../../../../guest-agent/plan/network-options.ts';

const facts = { id: 'abcdef0123456789'.padEnd(64, '0'), taken: ['172.30.0.0/16'], avoid: [] };
const invalid = { code: 'invalid-argument' };

describe('addresses and subnets', () => {
  test('what is written is what is read, in the shortest form', () => {
    for (const text of [
      '0.0.0.0',
      '10.0.255.1',
      '::',
      '::1',
      'fd00::',
      'fd00:1::2:0:3',
      '1:2:3:4:5:6:7:8',
      '2001:db8::1',
    ])
      assert.equal(formatAddress(parseAddress(text)), text);
    assert.equal(formatAddress(parseAddress('FD00:0:0:1:0:0:0:1')), 'fd00:0:0:1::1');
    assert.equal(formatCidr(parseCidr('172.30.7.1/16')), '172.30.0.0/16');
    assert.equal(formatCidr(parseCidr('fd00:1:2:3::7/64')), 'fd00:1:2:3::/64');
    assert.deepEqual([...addressBytes(parseAddress('10.0.255.1'))], [10, 0, 255, 1]);
  });

  test('any IPv6 address survives', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 128n - 1n), (value) => {
        assert.equal(parseAddress(formatAddress({ family: 6, value })).value, value);
      }),
    );
  });

  for (const bad of [
    '',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4.5',
    'a.b.c.d',
    '1::2::3',
    ':1',
    '12345::',
    '1:2:3:4:5:6:7',
  ])
    test(`${bad || 'nothing'} is no address`, () => assert.throws(() => parseAddress(bad), invalid));
  for (const bad of ['10.0.0.0', '10.0.0.0/33', 'fd00::/129', '10.0.0.0/x', '10.0.0.0/-1'])
    test(`${bad} is no subnet`, () => assert.throws(() => parseCidr(bad), invalid));

  test('what lies in what', () => {
    const subnet = parseCidr('10.1.0.0/16');
    assert.ok(contains(subnet, parseAddress('10.1.255.255')) && !contains(subnet, parseAddress('10.2.0.0')));
    assert.ok(!contains(parseCidr('::/0'), parseAddress('10.1.0.0')));
    assert.ok(within(parseCidr('10.1.5.0/24'), subnet) && !within(subnet, parseCidr('10.1.5.0/24')));
    assert.ok(overlap(parseCidr('10.0.0.0/8'), subnet) && !overlap(parseCidr('10.2.0.0/16'), subnet));
  });
});

describe('pools of a network', () => {
  test('none asked for: the first free one that nobody near has', () => {
    assert.deepEqual(planPools({ pools: [], ipv6: false }, facts), [
      { subnet: '172.17.0.0/16', gateway: '172.17.0.1' },
    ]);
    const avoid = ['172.17.8.9/24', '172.18.0.1/16', '::1/128'];
    const [pool] = planPools({ pools: [], ipv6: false }, { ...facts, taken: ['172.19.0.0/16'], avoid });
    assert.equal(pool?.subnet, '172.20.0.0/16');
    assert.throws(() => planPools({ pools: [], ipv6: false }, { ...facts, taken: automaticPools }), {
      code: 'in-use',
      message: /fully subnetted/,
    });
  });

  test('IPv6: what was asked for, else a unique local one of the network', () => {
    assert.deepEqual(planPools({ pools: [], ipv6: true }, facts)[1], {
      subnet: 'fdab:cdef:123::/64',
      gateway: 'fdab:cdef:123::1',
    });
    const pools = planPools({ pools: [{ subnet: 'fd00:7::9/64' }, { subnet: '10.7.0.9/24' }], ipv6: true }, facts);
    assert.deepEqual(pools, [
      { subnet: '10.7.0.0/24', gateway: '10.7.0.1' },
      { subnet: 'fd00:7::/64', gateway: 'fd00:7::1' },
    ]);
  });

  for (const [what, pool, expected] of [
    [
      'an overlap',
      { subnet: '172.30.9.0/24' },
      { code: 'in-use', message: /Pool overlaps with other one on this address space/ },
    ],
    ['no room', { subnet: '10.0.0.0/31' }, invalid],
    ['a gateway elsewhere', { subnet: '10.0.0.0/24', gateway: '10.0.1.1' }, invalid],
    ['a range elsewhere', { subnet: '10.0.0.0/24', ipRange: '10.0.0.0/23' }, invalid],
    ['a reserved address elsewhere', { subnet: '10.0.0.0/24', reserved: { a: '10.1.0.1' } }, invalid],
    ['no subnet', { subnet: '' }, invalid],
  ] as const)
    test(`refused: ${what}`, () => assert.throws(() => planPools({ pools: [pool], ipv6: false }, facts), expected));

  test('refused: two subnets of a family', () => {
    const pools = [{ subnet: '10.0.0.0/24' }, { subnet: '10.0.1.0/24' }];
    assert.throws(() => planPools({ pools, ipv6: false }, facts), invalid);
  });
});

test('options of a bridge', () => {
  assert.deepEqual(bridgeOptions('f'.repeat(64), {}), {
    ...{ bridge: 'br-ffffffffffff', icc: true, masquerade: true, mtu: undefined, hostBinding: '' },
  });
  const options = {
    'com.docker.network.bridge.name': 'lab0',
    'com.docker.network.bridge.enable_icc': 'false',
    'com.docker.network.bridge.host_binding_ipv4': '127.0.0.2',
    'com.docker.network.driver.mtu': '1400',
    'com.example.else': 'kept',
  };
  assert.deepEqual(bridgeOptions('f', options), {
    ...{ bridge: 'lab0', icc: false, masquerade: true, mtu: 1400, hostBinding: '127.0.0.2' },
  });
  for (const bad of [
    { 'com.docker.network.bridge.name': 'longer-than-15-b' },
    { 'com.docker.network.bridge.name': 'a" drop' },
    { 'com.docker.network.bridge.enable_icc': 'perhaps' },
    { 'com.docker.network.bridge.host_binding_ipv4': '::1' },
    { 'com.docker.network.bridge.host_binding_ipv4': 'here' },
    { 'com.docker.network.driver.mtu': '67' },
  ] as Record<string, string>[])
    assert.throws(() => bridgeOptions('f', bad), invalid);
});

test('the way out: by priority, then by name, never by an internal network', () => {
  const way = (network: string, priority = 0, internal = false) => ({ network, priority, internal });
  assert.equal(gatewayNetwork([way('b'), way('a')]), 'a');
  assert.equal(gatewayNetwork([way('b', 1), way('a')]), 'b');
  assert.equal(gatewayNetwork([way('a', 5, true), way('b')]), 'b');
  assert.equal(gatewayNetwork([way('a', 0, true)]), undefined);
});

test('networks of a container: that of its mode first, with its settings', () => {
  const plain = (network: string) => ({ network, aliases: [], links: [] });
  assert.deepEqual(wantedNetworks('web', [plain('db'), { ...plain('web'), aliases: ['www'] }]), [
    { ...plain('web'), aliases: ['www'] },
    plain('db'),
  ]);
  assert.deepEqual(wantedNetworks('bridge', []), [plain('bridge')]);
  for (const mode of ['host', 'none', 'container:web']) assert.deepEqual(wantedNetworks(mode, []), []);
});

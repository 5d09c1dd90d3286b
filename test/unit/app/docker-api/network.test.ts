import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ContainerInfo } from '../../../../guest-agent/protocol/container.ts';
import type { NetworkInfo, NetworkPool } from '../../../../guest-agent/protocol/network.ts';
import { EngineError } from '../../../../app/base/error.ts';
import { decode } from '../../../../app/docker-api/codec/decode.ts';
import { NetworkCreateRequest, networkRequest, networkWarning } from '../../../../app/docker-api/codec/network.ts';
import { networkStatus } from '../../../../app/docker-api/network-status.ts';
import { containerInfo } from '../../../support/container-info.ts';

const asked = (request: object) => decode(NetworkCreateRequest, { Name: 'lab', ...request });

describe('what a network cannot be is refused', () => {
  for (const [what, request, code] of [
    ['IPv6 alone', { EnableIPv4: false, EnableIPv6: true }, 'invalid-argument'],
    ['made from a configuration', { ConfigFrom: { Network: 'other' } }, 'unsupported'],
    ['a configuration', { ConfigOnly: true }, 'unsupported'],
  ] as const)
    it(what, () => assert.throws(() => networkRequest(asked(request)), { constructor: EngineError, code }));
  it('what clients send by habit is none of these', () => {
    const habits = { EnableIPv4: null, ConfigFrom: { Network: '' }, IPAM: { Driver: 'default', Options: null } };
    assert.equal(networkRequest(asked(habits)).name, 'lab');
    assert.equal(networkRequest(asked({ EnableIPv4: true, ConfigFrom: null })).name, 'lab');
  });
});

describe('what has no effect is warned of', () => {
  const bridge = 'com.docker.network.bridge.';
  for (const [request, warned] of [
    [{}, []],
    [{ Options: { [`${bridge}host_binding_ipv4`]: '127.0.0.1', 'com.example.else': 'x' } }, []],
    [{ Options: { [`${bridge}gateway_mode_ipv4`]: 'nat', [`${bridge}inhibit_ipv4`]: 'false' } }, []],
    [{ Options: { [`${bridge}gateway_mode_ipv6`]: 'routed' } }, [`${bridge}gateway_mode_ipv6`]],
    [
      { Options: { [`${bridge}inhibit_ipv4`]: 'true', 'com.docker.network.container_iface_prefix': 'lan' } },
      [`${bridge}inhibit_ipv4`, 'com.docker.network.container_iface_prefix'],
    ],
    [{ IPAM: { Options: { serial: 'true' } } }, ['IPAM option serial']],
  ] as const)
    it(JSON.stringify(request), () => {
      const warning = networkWarning(asked(request));
      assert.deepEqual(warning === '' ? [] : warning.replace(/^.*effect: /, '').split(', '), warned);
    });
});

describe('addresses that are taken and left', () => {
  const member = (ipv4: string, ipv6?: string): ContainerInfo => ({
    ...containerInfo('f'.repeat(64)),
    endpoints: [{ network: 'lab', ipv4, prefixLength: 16, gateway: '', macAddress: '', ...(ipv6 && { ipv6 }) }],
  });
  const subnets = (pools: NetworkPool[], ...containers: ContainerInfo[]) =>
    networkStatus({ name: 'lab', pools } as NetworkInfo, containers).IPAM.Subnets;
  it('of a whole subnet: its ends, the gateway, reserved ones, and who is there', () => {
    const pool = { subnet: '10.7.0.0/24', gateway: '10.7.0.1', reserved: { router: '10.7.0.9' } };
    assert.deepEqual(subnets([pool]), { '10.7.0.0/24': { IPsInUse: 4, DynamicIPsAvailable: 252 } });
    assert.deepEqual(subnets([pool], member('10.7.0.2'), member('10.7.0.3')), {
      '10.7.0.0/24': { IPsInUse: 6, DynamicIPsAvailable: 250 },
    });
  });
  it('of a range within it', () => {
    const pool = { subnet: '10.7.0.0/24', ipRange: '10.7.0.128/28', gateway: '10.7.0.1' };
    assert.deepEqual(subnets([pool], member('10.7.0.130'), member('10.7.0.2')), {
      '10.7.0.0/24': { IPsInUse: 5, DynamicIPsAvailable: 15 },
    });
  });
  it('of both families; what is more than clients can read is the most that they can', () => {
    const pools = [
      { subnet: '10.7.0.0/24', gateway: '10.7.0.1' },
      { subnet: 'fd00::/32', gateway: 'fd00::1' },
    ];
    const shown = subnets(pools, member('10.7.0.2', 'fd00::2'));
    assert.deepEqual(shown['10.7.0.0/24'], { IPsInUse: 4, DynamicIPsAvailable: 252 });
    assert.equal(shown['fd00::/32']?.IPsInUse, 3);
    assert.ok(BigInt(JSON.stringify(shown['fd00::/32'].DynamicIPsAvailable)) < 2n ** 64n);
  });
});

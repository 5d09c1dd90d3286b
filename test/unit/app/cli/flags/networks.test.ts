import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Options } from '../../../../../app/cli/command/options.ts';
import { parseLink, readNetworks } from '../../../../../app/cli/flags/networks.ts';

const read = (values: Record<string, string[]>) => readNetworks(new Options(new Map(Object.entries(values))));
const plain = (network: string) => ({ network, aliases: [], links: [] });

test('a mode or a name alone asks for nothing more', () => {
  assert.deepEqual(read({}), { mode: 'bridge', networks: undefined });
  assert.deepEqual(read({ network: ['host'] }), { mode: 'host', networks: undefined });
  assert.deepEqual(read({ net: ['web'] }), { mode: 'web', networks: undefined });
});

test('several networks; flags are about the first', () => {
  const wish = read({
    network: [
      'web',
      'name=db,alias=cache,"alias=a,b",ip=10.0.0.9,ip6=fd00::9,mac-address=02:00:00:00:00:01,gw-priority=-1',
    ],
    'network-alias': ['www'],
    ip: ['10.1.0.9'],
    link: ['redis:store'],
  });
  assert.equal(wish.mode, 'web');
  assert.deepEqual(wish.networks, [
    { ...plain('web'), aliases: ['www'], links: [{ container: 'redis', alias: 'store' }], ipv4: '10.1.0.9' },
    {
      ...{ ...plain('db'), aliases: ['cache', 'a,b'], ipv4: '10.0.0.9', ipv6: 'fd00::9' },
      ...{ macAddress: '02:00:00:00:00:01', gatewayPriority: -1 },
    },
  ]);
  assert.deepEqual(parseLink('redis'), { container: 'redis', alias: 'redis' });
});

for (const [what, values] of [
  ['an unknown field', { network: ['name=web,colour=blue'] }],
  ['no name', { network: ['alias=web'] }],
  ['no address', { ip: ['here'] }],
  ['no link', { link: [':x'] }],
  ['a mode beside a network', { network: ['host', 'web'] }],
] as [string, Record<string, string[]>][])
  test(`refused: ${what}`, () => assert.throws(() => read(values), { code: 'invalid-argument' }));

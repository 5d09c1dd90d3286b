import assert from 'node:assert/strict';
import { test } from 'node:test';
import { localAnswers, reverseName, type NameView } from '../../../../guest-agent/plan/dns-zone.ts';

const view: NameView = {
  networks: [
    {
      name: 'front',
      members: [
        { names: ['web', 'www', 'abcdef012345'], ipv4: '10.7.0.2', ipv6: 'fd00:7::2' },
        { names: ['web2', 'www'], ipv4: '10.7.0.3' },
      ],
    },
    { name: 'back', members: [{ names: ['Store'], ipv4: '10.8.0.2' }] },
  ],
  links: [{ names: ['cache'], ipv4: '10.8.0.9' }],
  host: '10.0.2.2',
};

for (const [type, name, expected] of [
  ['A', 'web', ['10.7.0.2']],
  ['A', 'WEB.', ['10.7.0.2']],
  ['A', 'web.front', ['10.7.0.2']],
  ['A', 'web.back', undefined],
  ['A', 'abcdef012345', ['10.7.0.2']],
  ['A', 'www', ['10.7.0.2', '10.7.0.3']],
  ['AAAA', 'www', ['fd00:7::2']],
  ['AAAA', 'web2', []],
  ['MX', 'web', []],
  ['A', 'store', ['10.8.0.2']],
  ['A', 'cache', ['10.8.0.9']],
  ['A', 'host.docker.internal', ['10.0.2.2']],
  ['AAAA', 'host.docker.internal', []],
  ['A', 'example.org', undefined],
  ['PTR', '2.0.7.10.in-addr.arpa', ['web.front']],
  ['PTR', reverseName('fd00:7::2'), ['web.front']],
  ['PTR', '9.9.9.9.in-addr.arpa', undefined],
  ['PTR', 'web', undefined],
] as const)
  test(`${type} ${name}`, () =>
    assert.deepEqual(
      localAnswers({ name, type }, view)?.map(({ data }) => data),
      expected,
    ));

test('without a host its name is nobody’s; reverse names', () => {
  assert.equal(localAnswers({ name: 'host.docker.internal', type: 'A' }, { ...view, host: '' }), undefined);
  assert.equal(reverseName('10.1.2.3'), '3.2.1.10.in-addr.arpa');
  assert.match(reverseName('fd00::1'), /^1(\.0){29}\.d\.f\.ip6\.arpa$|^1\.(0\.){27}0\.0\.d\.f\.ip6\.arpa$/);
});

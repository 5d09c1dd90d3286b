import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LookUpAnswer, LookUpQuestion, NameRecord } from '../../../../guest-agent/protocol/index.ts';
import { hostNames, type SystemResolver } from '../../../../app/services/host-names.ts';
import { addressOfReverse } from '../../../../app/services/reverse-name-map.ts';

const error = (code: string): Error => Object.assign(new Error(`system ${code}`), { code });

/** A host: addresses by name, records by `TYPE name`; what is not there fails with the code given, or ENOTFOUND. */
function played(entries: Record<string, readonly string[] | NameRecord[] | string>): SystemResolver {
  const get = <T>(key: string): Promise<T> => {
    const entry = entries[key] ?? 'ENOTFOUND';
    return typeof entry === 'string' ? Promise.reject(error(entry)) : Promise.resolve(entry as T);
  };
  return {
    addresses: async (name) =>
      (await get<string[]>(name)).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    nameOf: async (address) => (await get<string[]>(`name ${address}`))[0] ?? '',
    records: (name, type) => get(`${type} ${name}`),
  };
}

const mx: NameRecord = { type: 'MX', data: { preference: 10, exchange: 'mail.corp' } };
const host = played({
  both: ['10.1.1.1', 'fd00::1', '10.1.1.2'],
  'only4.corp': ['10.1.1.3'],
  'slow.corp': 'EAI_AGAIN',
  'A mailonly.corp': 'ENODATA',
  'A broken.corp': 'ESERVFAIL',
  'MX mailonly.corp': [mx],
  'TXT empty.corp': 'ENODATA',
  'TXT refused.corp': 'EREFUSED',
  'name 10.1.1.3': ['only4.corp'],
  'name fd00::1': ['six.corp'],
  'PTR _http._tcp.local': [{ type: 'PTR', data: 'a._http._tcp.local' }],
});

const foundData = (...data: string[]): object => ({ outcome: 'found', data });
const cases: readonly [LookUpQuestion['type'], string, object][] = [
  ['A', 'both', foundData('10.1.1.1', '10.1.1.2')],
  ['AAAA', 'both', foundData('fd00::1')],
  ['AAAA', 'only4.corp', { outcome: 'no-data' }],
  ['A', 'nowhere.corp', { outcome: 'no-such-name' }],
  ['A', 'mailonly.corp', { outcome: 'no-data' }],
  ['A', 'broken.corp', { outcome: 'no-such-name' }],
  ['A', 'slow.corp', { outcome: 'failed', reason: 'system EAI_AGAIN' }],
  ['MX', 'mailonly.corp', { outcome: 'found', data: [mx.data] }],
  ['MX', 'nowhere.corp', { outcome: 'no-such-name' }],
  ['TXT', 'empty.corp', { outcome: 'no-data' }],
  ['TXT', 'refused.corp', { outcome: 'failed', reason: 'system EREFUSED' }],
  ['PTR', '3.1.1.10.in-addr.arpa', foundData('only4.corp')],
  ['PTR', '9.1.1.10.in-addr.arpa', { outcome: 'no-such-name' }],
  ['PTR', '_http._tcp.local', foundData('a._http._tcp.local')],
];

function shown(answer: LookUpAnswer): object {
  return answer.outcome === 'found' ? { outcome: 'found', data: answer.records.map(({ data }) => data) } : answer;
}

describe('what the host answers', () => {
  for (const [type, name, expected] of cases)
    test(`${type} ${name}`, async () =>
      assert.deepEqual(shown(await hostNames({ system: host })({ name, type })), expected));
});

test('both families by one call of the system, each time anew', async () => {
  let calls = 0;
  const system: SystemResolver = {
    ...host,
    addresses: async (name) => {
      calls += 1;
      await new Promise(setImmediate);
      return host.addresses(name);
    },
  };
  const lookUp = hostNames({ system });
  const ask = () => Promise.all([lookUp({ name: 'both', type: 'A' }), lookUp({ name: 'both', type: 'AAAA' })]);
  await ask();
  assert.equal(calls, 1);
  await ask();
  assert.equal(calls, 2);
});

test('a resolver that hangs fails in time, and only so many questions wait for it', async () => {
  const lookUp = hostNames({ system: { ...host, addresses: () => new Promise(() => undefined) }, patience: 20 });
  const answers = await Promise.all(
    Array.from({ length: 300 }, (_, index) => lookUp({ name: `hangs-${index}`, type: 'A' })),
  );
  const reasons = answers.map((answer) => (answer.outcome === 'failed' ? answer.reason : ''));
  assert.equal(reasons.filter((reason) => /did not finish within 0.02 s/.test(reason)).length, 256);
  assert.equal(reasons.filter((reason) => /too many/.test(reason)).length, 44);
  assert.equal((await lookUp({ name: 'mailonly.corp', type: 'MX' })).outcome, 'found');
});

test('this host’s own resolver follows its hosts file, both ways', async () => {
  const lookUp = hostNames();
  assert.deepEqual(shown(await lookUp({ name: 'localhost', type: 'A' })), foundData('127.0.0.1'));
  const reverse = await lookUp({ name: '1.0.0.127.in-addr.arpa', type: 'PTR' });
  assert.equal(reverse.outcome, 'found');
  assert.notEqual((await lookUp({ name: 'berth-tests.invalid', type: 'A' })).outcome, 'found');
});

test('names of reverse look-ups', () => {
  for (const [name, address] of [
    ['4.3.2.1.in-addr.arpa', '1.2.3.4'],
    ['4.3.2.1.IN-ADDR.ARPA.', '1.2.3.4'],
    ['4.3.2.256.in-addr.arpa', undefined],
    ['3.2.1.in-addr.arpa', undefined],
    [`1.${'0.'.repeat(29)}d.f.ip6.arpa`, 'fd00:0000:0000:0000:0000:0000:0000:0001'],
    [`1.${'0.'.repeat(28)}d.f.ip6.arpa`, undefined],
    ['web', undefined],
  ] as const)
    assert.equal(addressOfReverse(name), address, name);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decode, encode, type Answer, type Packet } from 'dns-packet';
import { rcode, recordsOf, response } from '../../../../guest-agent/services/dns-message.ts';

function query(udpPayloadSize?: number): Packet {
  return decode(
    encode({
      ...{ type: 'query', id: 9, questions: [{ name: 'many', type: 'A' }] },
      ...(udpPayloadSize !== undefined && {
        additionals: [
          {
            ...{ type: 'OPT', name: '.', udpPayloadSize, extendedRcode: 0, ednsVersion: 0, flags: 0 },
            ...{ flag_do: false, options: [] },
          },
        ],
      }),
    }),
  );
}
const many = (count: number): Answer[] =>
  Array.from({ length: count }, (_, index) => ({
    name: 'many',
    type: 'A',
    ttl: 5,
    data: `10.0.${index >> 8}.${index & 255}`,
  }));

describe('messages of the size that the asker takes', () => {
  for (const [what, offer, transport, count, kept] of [
    ['few', undefined, 'udp', 24, 24],
    ['more than 512 bytes without EDNS', undefined, 'udp', 100, 24],
    ['more with EDNS', 1232, 'udp', 59, 59],
    ['an offer below the least', 100, 'udp', 24, 23],
    ['an offer above what is sent', 65_000, 'udp', 400, 203],
    ['all by TCP', undefined, 'tcp', 400, 400],
    ['more than TCP has room for', 1232, 'tcp', 5000, 3275],
  ] as const)
    test(what, () => {
      const message = response(query(offer), many(count), rcode.ok, transport);
      const { answers = [], additionals = [], flag_tc: truncated, flag_qr: isAnswer, id } = decode(message);
      assert.deepEqual([answers.length, truncated, isAnswer, id], [kept, kept < count, true, 9]);
      assert.equal(additionals.length, offer === undefined ? 0 : 1);
      assert.deepEqual(
        answers.map((one) => 'data' in one && one.data),
        many(kept).map((one) => 'data' in one && one.data),
      );
    });
});

test('codes: what was not found, what is empty, what failed', () => {
  const soa = { mname: 'ns', rname: 'me', serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 5 };
  for (const [answer, code, count] of [
    [{ outcome: 'found', records: [{ type: 'SOA', data: soa }] }, 0, 1],
    [{ outcome: 'no-data' }, 0, 0],
    [{ outcome: 'no-such-name' }, 3, 0],
    [{ outcome: 'failed', reason: 'x' }, 2, 0],
  ] as const) {
    const records = recordsOf(
      'x',
      answer.outcome === 'found' ? { outcome: 'found', records: [...answer.records] } : answer,
      5,
    );
    const { flags = 0, answers } = decode(response(query(), records.answers, records.code, 'udp'));
    assert.deepEqual([flags & 15, answers?.length], [code, count]);
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodePax, paxTime } from '../../../../../app/content/tar/pax.ts';
import { paxRecord } from '../../../../support/tar.ts';

const times: readonly (readonly [string, number, number])[] = [
  ['0', 0, 0],
  ['1700000000.123456789', 1700000000, 123456789],
  ['1700000000.5', 1700000000, 500000000],
  ['1.9999999999', 1, 999999999],
  ['5.', 5, 0],
  ['-1', -1, 0],
  ['-0', 0, 0],
  ['-0.5', -1, 500000000],
  ['-1.000000001', -2, 999999999],
  ['-1.0000000001', -2, 999999999],
];

for (const [text, seconds, nanoseconds] of times)
  test(`the time ${text}`, () => {
    assert.deepEqual(paxTime(Buffer.from(text), 'mtime'), { seconds, nanoseconds });
  });

for (const text of ['', 'x', '1e3', '--1', '1.2.3', '.5', '99999999999999999'])
  test(`${JSON.stringify(text)} is no time`, () => {
    assert.throws(() => paxTime(Buffer.from(text), 'mtime'), /no time in mtime/);
  });

test('records keep their bytes, newlines and equals signs too', () => {
  const key = fc.string({ unit: fc.constantFrom('a', 'b', '.'), minLength: 1 });
  const value = fc.uint8Array({ maxLength: 200 });
  fc.assert(
    fc.property(fc.array(fc.tuple(key, value)), (records) => {
      const body = Buffer.concat(records.map(([k, v]) => paxRecord(k, Buffer.from(v))));
      const expected = new Map(records.map(([k, v]) => [k, Buffer.from(v).toString('hex')]));
      const { values } = decodePax(body);
      assert.deepEqual(new Map([...values].map(([k, v]) => [k, v.toString('hex')])), expected);
    }),
  );
});

for (const body of ['6 a=b', '5 a=b\n', '7 a=b\n', 'x a=b\n', '0 a=b\n', '4 a\n', '99 a=b\n', ' a=b\n'])
  test(`the record ${JSON.stringify(body)} is malformed`, () => {
    assert.throws(() => decodePax(Buffer.from(body)), /malformed/);
  });

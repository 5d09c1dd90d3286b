import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MessageDecoder, encodeMessage, maxBodyBytes } from '../../../../guest-agent/wire/message-framing.ts';

test('messages survive any cutting of the stream', () => {
  fc.assert(
    fc.property(
      fc.array(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), { maxLength: 5 }),
      fc.integer({ min: 1, max: 50 }),
      (sent, size) => {
        const bytes = Buffer.from(sent.map(encodeMessage).join(''));
        const decoder = new MessageDecoder();
        const got: object[] = [];
        for (let at = 0; at < bytes.length; at += size) got.push(...decoder.push(bytes.subarray(at, at + size)));
        assert.deepEqual(got, JSON.parse(JSON.stringify(sent)));
      },
    ),
  );
});

test('any other bytes end in an error or in waiting, never in a message that was not sent', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 6000 }), (bytes) => {
      try {
        assert.deepEqual(new MessageDecoder().push(Buffer.from(bytes)), []);
      } catch (error) {
        assert.ok(error instanceof Error);
      }
    }),
  );
});

test('other headers are passed over, and case does not matter', () => {
  assert.deepEqual(new MessageDecoder().push(Buffer.from('Content-Type: x\r\ncontent-length: 2\r\n\r\n{}')), [{}]);
});

for (const [name, text] of [
  ['no length', 'Other: 1\r\n\r\n{}'],
  ['a length that is none', 'Content-Length: 1e3\r\n\r\n{}'],
  ['an empty length', 'Content-Length: \r\n\r\n{}'],
  ['a length below nothing', 'Content-Length: -1\r\n\r\n{}'],
  ['too long a body', `Content-Length: ${maxBodyBytes + 1}\r\n\r\n`],
  ['too long a header', 'x'.repeat(5000)],
  ['a body that is no JSON', 'Content-Length: 2\r\n\r\n{]'],
  ['a body that is no object', 'Content-Length: 1\r\n\r\n7'],
] as const)
  test(`${name} is an error`, () => {
    assert.throws(() => new MessageDecoder().push(Buffer.from(text)));
  });

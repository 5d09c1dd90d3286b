import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  FrameDecoder,
  decodeExit,
  decodeSize,
  encodeExit,
  encodeFrame,
  encodeSize,
} from '../../../../app/contract/index.ts';

const frames = fc.array(
  fc.record({ kind: fc.integer({ min: 0, max: 255 }), payload: fc.uint8Array({ maxLength: 300 }) }),
  { maxLength: 8 },
);

test('frames survive any cutting of the stream', () => {
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sent, cuts) => {
      const bytes = Buffer.concat(sent.map(({ kind, payload }) => encodeFrame(kind, payload)));
      const decoder = new FrameDecoder();
      const got: { kind: number; payload: number[] }[] = [];
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const size = cuts[turn % cuts.length] ?? 1;
        for (const { kind, payload } of decoder.push(bytes.subarray(at, at + size)))
          got.push({ kind, payload: [...payload] });
        at += size;
      }
      assert.deepEqual(
        got,
        sent.map(({ kind, payload }) => ({ kind, payload: [...payload] })),
      );
      assert.equal(decoder.pending, 0);
    }),
  );
});

test('a cut frame is pending; a length that no frame has is refused', () => {
  const decoder = new FrameDecoder();
  assert.deepEqual(decoder.push(encodeFrame(18, Buffer.from('abc')).subarray(0, 6)), []);
  assert.equal(decoder.pending, 6);
  assert.throws(() => new FrameDecoder().push(Buffer.from([18, 0xff, 0xff, 0xff, 0xff])), { code: 'operation-failed' });
});

test('sizes and exits are the protocol’s numbers', () => {
  assert.deepEqual([...encodeSize(24, 0x1234)], [24, 0, 0x34, 0x12]);
  assert.deepEqual(decodeSize(encodeSize(50, 132)), { rows: 50, columns: 132 });
  assert.deepEqual(decodeExit(encodeExit(137, 9)), { exitCode: 137, signal: 9 });
  assert.deepEqual(decodeExit(encodeExit(-1, 0)), { exitCode: -1, signal: 0 });
  assert.throws(() => decodeExit(Buffer.alloc(3)), { code: 'operation-failed' });
});

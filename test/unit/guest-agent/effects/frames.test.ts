import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeFrame, FrameReader } from '../../../../guest-agent/effects/frames.ts';

test('frames are the same however the stream is cut', () => {
  const frame = fc.record({ kind: fc.nat({ max: 255 }), payload: fc.uint8Array({ maxLength: 50 }) });
  fc.assert(
    fc.property(fc.array(frame), fc.array(fc.nat({ max: 20 })), (frames, cuts) => {
      const stream = Buffer.concat(frames.map(({ kind, payload }) => encodeFrame(kind, payload)));
      const reader = new FrameReader();
      const got = [];
      let at = 0;
      for (const cut of [...cuts, stream.length]) {
        got.push(...reader.push(stream.subarray(at, at + cut)));
        at += cut;
      }
      assert.deepEqual(
        got.map(({ kind, payload }) => [kind, payload.toString('hex')]),
        frames.map(({ kind, payload }) => [kind, Buffer.from(payload).toString('hex')]),
      );
    }),
  );
});

test('a length that no frame has is refused', () => {
  assert.throws(() => new FrameReader().push(Buffer.of(18, 0xff, 0xff, 0xff, 0x7f)), RangeError);
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { frameKind, maxFrameBytes } from '../../../../../guest-agent/protocol/index.ts';
import { FrameDecoder, decodeSize, stdinFrames } from '../../../../../app/contract/index.ts';
import { DetachFilter } from '../../../../../app/contract/detach-filter.ts';
import { resizeFrame } from '../../../../../app/cli/terminal/frames.ts';
import { LogStamper } from '../../../../../app/contract/log-stamper.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const shown = (all: Uint8Array): string => Buffer.from(all).toString('latin1');

describe('DetachFilter', () => {
  const table: [string, string[], string, boolean][] = [
    ['passes other keys', ['abc'], 'abc', false],
    ['leaves on the sequence', ['a\x10\x11b'], 'a', true],
    ['over two chunks', ['a\x10', '\x11'], 'a', true],
    ['holds back a start, then passes it', ['\x10', 'x'], '\x10x', false],
    ['starts anew on a repeated first key', ['\x10\x10\x11'], '\x10', true],
  ];
  for (const [name, chunks, pass, detached] of table)
    it(name, () => {
      const filter = new DetachFilter(Uint8Array.of(0x10, 0x11));
      const results = chunks.map((chunk) => filter.push(bytes(chunk)));
      assert.equal(results.map((result) => shown(result.pass)).join(''), pass);
      assert.equal(results.at(-1)?.detached, detached);
    });

  it('without keys passes everything', () => {
    assert.deepEqual(new DetachFilter(new Uint8Array()).push(bytes('\x10\x11')).detached, false);
  });

  it('loses and adds no key', () => {
    const key = fc.constantFrom(0x10, 0x11, 0x61);
    fc.assert(
      fc.property(fc.array(fc.array(key)), (chunks) => {
        const filter = new DetachFilter(Uint8Array.of(0x10, 0x10, 0x11));
        let passed = '';
        for (const chunk of chunks) {
          const { pass, detached } = filter.push(Uint8Array.from(chunk));
          passed += shown(pass);
          if (detached) break;
        }
        assert(shown(Uint8Array.from(chunks.flat())).startsWith(passed));
      }),
    );
  });
});

describe('frames', () => {
  it('cuts stdin into frames that are not too long', () => {
    const input = Buffer.alloc(maxFrameBytes * 2 + 5, 7);
    const frames = new FrameDecoder().push(Buffer.concat(stdinFrames(input)));
    assert.deepEqual(
      frames.map(({ kind, payload }) => [kind, payload.length]),
      [maxFrameBytes, maxFrameBytes, 5].map((length) => [frameKind.stdin, length]),
    );
  });
  it('resize', () => {
    const [resize] = new FrameDecoder().push(resizeFrame(40, 100_000));
    assert.deepEqual(decodeSize(resize?.payload ?? new Uint8Array()), { rows: 40, columns: 65535 });
  });
});

describe('LogStamper', () => {
  const record = (text: string): Uint8Array => {
    const payload = Buffer.alloc(8 + text.length, text, 'latin1');
    payload.writeBigUInt64LE(1_000_000_001n);
    payload.write(text, 8, 'latin1');
    return payload;
  };
  const time = '1970-01-01T00:00:01.000000001Z ';
  it('stamps line starts only', () => {
    const stamper = new LogStamper({ time: true, details: '' });
    const out = ['a\nb', 'c\n', '\n', 'd'].map((text) => Buffer.from(stamper.stamp(record(text))).toString());
    assert.deepEqual(out, [`${time}a\n${time}b`, 'c\n', `${time}\n`, `${time}d`]);
  });
});

import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { encodeRecord } from '../../../../guest-agent/services/log-records.ts';
import { readLog, type LogQuery } from '../../../../guest-agent/services/logs.ts';
import { frameKind } from '../../../../guest-agent/protocol/stream-format.ts';

interface Rec {
  kind: number;
  time: bigint;
  text: string;
}

const all: LogQuery = { follow: false, stdout: true, stderr: true, tail: -1 };
const never = new Promise<never>(() => undefined);

class Log {
  readonly dir = mkdtempSync(join(tmpdir(), 'berth-log-'));
  readonly path = join(this.dir, 'log');
  readonly maxFiles = 4;

  append(record: Rec): void {
    appendFileSync(this.path, encodeRecord({ kind: record.kind, time: record.time, bytes: Buffer.from(record.text) }));
  }

  rotate(): void {
    for (let index = this.maxFiles - 1; index >= 0; index -= 1) {
      const name = index === 0 ? this.path : `${this.path}.${index}`;
      if (existsSync(name)) renameSync(name, `${this.path}.${index + 1}`);
    }
    rmSync(`${this.path}.${this.maxFiles}`, { force: true });
    writeFileSync(this.path, '');
  }

  [Symbol.dispose](): void {
    rmSync(this.dir, { recursive: true });
  }
}

function decodeFrames(bytes: Buffer): Rec[] {
  const records: Rec[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32LE(at + 1);
    assert.ok(length <= 65_536, 'a frame fits');
    const text = bytes.toString('utf8', at + 13, at + 5 + length);
    records.push({ kind: bytes.readUInt8(at), time: bytes.readBigUInt64LE(at + 5), text });
    at += 5 + length;
  }
  return records;
}

async function read(log: Log, query: LogQuery, ended: Promise<unknown> = Promise.resolve()): Promise<Rec[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of readLog(log, query, ended)) chunks.push(chunk as Buffer);
  return decodeFrames(Buffer.concat(chunks));
}

function textOf(records: Rec[], kind: number): string {
  return records
    .filter((r) => r.kind === kind)
    .map((r) => r.text)
    .join('');
}

/** The plain model: every byte of each stream belongs to a line; the last n lines by where they begin. */
function modelTail(records: Rec[], lines: number): Map<number, string> {
  const starts: { kind: number; at: number }[] = [];
  const text = new Map<number, string>([
    [frameKind.stdout, ''],
    [frameKind.stderr, ''],
  ]);
  for (const record of records) {
    for (const character of record.text) {
      const before = text.get(record.kind) ?? '';
      if (before === '' || before.endsWith('\n')) starts.push({ kind: record.kind, at: before.length });
      text.set(record.kind, before + character);
    }
  }
  const kept = lines === 0 ? [] : starts.slice(-lines);
  return new Map(
    [...text].map(([kind, whole]) => {
      const first = kept.find((start) => start.kind === kind);
      return [kind, first === undefined ? '' : whole.slice(first.at)];
    }),
  );
}

const recordArbitrary = fc.record({
  kind: fc.constantFrom<number>(frameKind.stdout, frameKind.stderr),
  text: fc.string({ unit: fc.constantFrom('a', 'b', '\n'), minLength: 1, maxLength: 6 }),
  rotate: fc.boolean(),
});

describe('the log reader', () => {
  test('shows the last lines over rotated files as the plain model does', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(recordArbitrary, { maxLength: 24 }),
        fc.integer({ min: 0, max: 9 }),
        async (steps, lines) => {
          using log = new Log();
          const records: Rec[] = [];
          let rotations = 0;
          for (const [index, step] of steps.entries()) {
            if (step.rotate && rotations < log.maxFiles - 1) {
              log.rotate();
              rotations += 1;
            }
            const record = { kind: step.kind, time: BigInt(index), text: step.text };
            log.append(record);
            records.push(record);
          }
          const shown = await read(log, { ...all, tail: lines });
          const model = modelTail(records, lines);
          assert.equal(textOf(shown, frameKind.stdout), model.get(frameKind.stdout));
          assert.equal(textOf(shown, frameKind.stderr), model.get(frameKind.stderr));
        },
      ),
      { numRuns: 200 },
    );
  });

  test('takes both ends of the time window, and only the asked stream', async () => {
    using log = new Log();
    for (let time = 1n; time <= 6n; time += 1n)
      log.append({ kind: time % 2n === 0n ? frameKind.stderr : frameKind.stdout, time, text: `${time}\n` });
    assert.deepEqual(
      (await read(log, { ...all, since: 2n, until: 5n })).map((r) => r.text),
      ['2\n', '3\n', '4\n', '5\n'],
    );
    assert.deepEqual(
      (await read(log, { ...all, stdout: false, tail: 2 })).map((r) => r.text),
      ['4\n', '6\n'],
    );
  });

  test('a line of 100 MB arrives whole, and is one line to tail', async () => {
    using log = new Log();
    const piece = Buffer.alloc(65_536, 'x');
    const frame = encodeRecord({ kind: frameKind.stdout, time: 1n, bytes: piece });
    log.append({ kind: frameKind.stdout, time: 1n, text: 'before\n' });
    const block = Buffer.concat(Array.from({ length: 100 }, () => frame));
    for (let count = 0; count < 16; count += 1) appendFileSync(log.path, block);
    log.append({ kind: frameKind.stdout, time: 2n, text: 'end\n' });
    let size = 0;
    for await (const chunk of readLog(log, { ...all, tail: 1 }, never)) size += (chunk as Buffer).length;
    assert.ok(size > 1600 * 65_536, `${size} bytes`);
    assert.equal(textOf(await read(log, { ...all, tail: 0 }), frameKind.stdout), '');
  });

  test('follows over rotations without a gap or a repetition, and ends when the writer has', async () => {
    using log = new Log();
    const { promise: ended, resolve: end } = Promise.withResolvers<undefined>();
    log.append({ kind: frameKind.stdout, time: 0n, text: '0\n' });
    const stream = readLog(log, { ...all, follow: true }, ended);
    const chunks: Buffer[] = [];
    let written = 1;
    let seen = 0;
    for await (const chunk of stream) {
      chunks.push(chunk as Buffer);
      seen += decodeFrames(chunk as Buffer).length;
      if (seen < written) continue;
      if (written >= 200) {
        end(undefined);
        continue;
      }
      for (let burst = 0; burst < 7; burst += 1, written += 1) {
        if (written % 5 === 0) log.rotate();
        log.append({ kind: frameKind.stdout, time: BigInt(written), text: `${written}\n` });
      }
    }
    const numbers = textOf(decodeFrames(Buffer.concat(chunks)), frameKind.stdout)
      .trim()
      .split('\n')
      .map(Number);
    assert.deepEqual(
      numbers,
      Array.from({ length: written }, (_, index) => index),
    );
  });

  test('ends at damage instead of failing, and a record half written is left for later', async () => {
    using log = new Log();
    log.append({ kind: frameKind.stdout, time: 1n, text: 'whole\n' });
    const whole = readFileSync(log.path);
    appendFileSync(log.path, whole.subarray(0, 9));
    assert.deepEqual(
      (await read(log, all)).map((r) => r.text),
      ['whole\n'],
    );
    writeFileSync(log.path, Buffer.concat([whole, Buffer.alloc(4096)]));
    assert.deepEqual(
      (await read(log, all)).map((r) => r.text),
      ['whole\n'],
    );
  });

  test('any bytes for a log: it ends', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        using log = new Log();
        writeFileSync(log.path, bytes);
        for await (const chunk of readLog(log, { ...all, tail: 3 }, never)) assert.ok((chunk as Buffer).length > 0);
      }),
    );
  });

  test('a log that does not exist is empty', async () => {
    using log = new Log();
    assert.deepEqual(await read(log, { ...all, tail: 5 }), []);
  });
});

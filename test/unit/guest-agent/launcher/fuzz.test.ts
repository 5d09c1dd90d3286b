import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { encodePlan } from '../../../../guest-agent/plan/wire.ts';
import { touchHeader } from '../../../../scripts/generate-ops.ts';
import { arbitraryPlan } from '../../../support/arbitrary-plan.ts';

const launcher = fileURLToPath(new URL('../../../../guest-agent/launcher', import.meta.url));
const sanitizers = [
  '-fsanitize=address,undefined',
  '-fno-sanitize-recover=all',
  '-fno-omit-frame-pointer',
  '-g',
  '-O1',
];

function whySkip(): string | false {
  return spawnSync('gcc', ['--version']).status === 0 ? false : 'gcc is not installed';
}

describe('the launcher’s parsers under address and undefined-behaviour sanitizers', { skip: whySkip() }, () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'berth-fuzz-'));
    const sources = ['wire.c', 'clients.c'].map((name) => join(launcher, name));
    const harness = fileURLToPath(new URL('fuzz.c', import.meta.url));
    writeFileSync(join(folder, 'touch.gen.h'), touchHeader());
    const include = ['-I', launcher, '-I', folder];
    const args = [...sanitizers, '-std=gnu11', ...include, '-o', join(folder, 'fuzz'), harness, ...sources];
    const built = spawnSync('gcc', args, { encoding: 'utf8' });
    assert.equal(built.status, 0, built.stderr);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** One letter a message: `+` taken, `-` refused. */
  const feed = (mode: 'plans' | 'frames', messages: readonly Uint8Array[]): string => {
    const input = Buffer.concat(
      messages.flatMap((bytes) => {
        const length = Buffer.alloc(4);
        length.writeUInt32LE(bytes.length);
        return [length, bytes];
      }),
    );
    const ran = spawnSync(join(folder, 'fuzz'), [mode], {
      ...{ input, encoding: 'utf8', timeout: 60_000, maxBuffer: 1 << 24 },
      env: { ASAN_OPTIONS: 'detect_leaks=0:allocator_may_return_null=1', UBSAN_OPTIONS: 'print_stacktrace=1' },
    });
    assert.equal(ran.status, 0, ran.stderr.slice(0, 4000));
    assert.equal(ran.stdout.length, messages.length);
    return ran.stdout;
  };

  test('every plan that has a command is understood', () => {
    const plans = fc.sample(arbitraryPlan, 500);
    const letters = feed(
      'plans',
      plans.map((plan) => encodePlan(plan)),
    );
    assert.equal(letters, plans.map((plan) => (plan.exec.argv.length > 0 ? '+' : '-')).join(''));
  });

  test('a plan cut anywhere is refused', () => {
    const [plan] = fc.sample(arbitraryPlan, { numRuns: 1, seed: 3 });
    assert.ok(plan);
    const bytes = encodePlan(plan);
    const cuts = Array.from({ length: bytes.length }, (_, length) => bytes.subarray(0, length));
    assert.equal(feed('plans', cuts), '-'.repeat(cuts.length));
  });

  test('mutated plans never make it read or write where it must not', () => {
    const mutation = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 6 });
    const mutated = fc.sample(fc.tuple(arbitraryPlan, mutation), 4000).map(([plan, changes]) => {
      const bytes = encodePlan(plan);
      // The magic, version and table are left whole, so that the rest is looked at.
      for (const [place, value] of changes) bytes[12 + (place % (bytes.length - 12))] = value;
      return bytes;
    });
    assert.match(feed('plans', mutated), /-/);
  });

  test('whatever clients send, it is parsed within bounds', () => {
    const frame = fc
      .tuple(fc.constantFrom(2, 4, 5, 6, 7, 20, 255), fc.uint8Array({ maxLength: 200 }))
      .map(([kind, payload]) => {
        const header = Buffer.alloc(5);
        header.writeUInt8(kind);
        header.writeUInt32LE(payload.length, 1);
        return Buffer.concat([header, payload]);
      });
    const good = fc.array(frame, { maxLength: 8 }).map((frames) => Buffer.concat(frames));
    const messages = fc.sample(fc.oneof(good, fc.uint8Array({ maxLength: 300 })), 3000);
    assert.match(feed('frames', messages), /\+.*-|-.*\+/);
  });
});

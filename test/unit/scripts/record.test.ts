import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

const reporter = new URL('../../../scripts/test-record.mjs', import.meta.url).href;

interface Line {
  file?: string | undefined;
  outcome: string;
  name: string;
  reason?: string;
}

/** Runs node's test runner on a file of the given text with our reporter. */
function recordOf(text: string): Line[] {
  const folder = mkdtempSync(join(tmpdir(), 'berth-record-'));
  try {
    const file = join(folder, 'some.test.mjs');
    writeFileSync(file, text);
    const args = ['--test', `--test-reporter=${reporter}`, file];
    const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
    let output = '';
    try {
      output = execFileSync(process.execPath, args, { encoding: 'utf8', env });
    } catch (error) {
      output = (error as { stdout: string }).stdout;
    }
    return output
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Line);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Without the file, which is another each time. */
function record(text: string): Line[] {
  return recordOf(text).map(({ file, ...line }) => {
    assert.match(file ?? '', /some\.test\.mjs$/);
    return line;
  });
}

test('passed, failed and skipped tests are told apart, with the reason of a skip; suites count when they are skipped', () => {
  const lines = record(`
    import { describe, test } from 'node:test';
    describe('suite', () => { test('good', () => {}); });
    describe('closed', { skip: 'no such program' }, () => { test('hidden', () => {}); });
    test('bad', () => { throw new Error('no'); });
    test('absent', { skip: 'no such device' }, () => {});
  `);
  assert.deepEqual(
    lines.sort((a, b) => (a.name < b.name ? -1 : 1)),
    [
      { outcome: 'skipped', name: 'absent', reason: 'no such device' },
      { outcome: 'failed', name: 'bad' },
      { outcome: 'skipped', name: 'closed', reason: 'no such program' },
      { outcome: 'passed', name: 'good' },
    ],
  );
});

test('a file that does not load counts as failed', () => {
  assert.deepEqual(
    record(`import './nowhere.mjs';`).map(({ outcome }) => outcome),
    ['failed'],
  );
});

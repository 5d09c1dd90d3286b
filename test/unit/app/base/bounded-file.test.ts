import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { BoundedFile, lastLines } from '../../../../app/base/bounded-file.ts';
import { openLog } from '../../../../app/base/log.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-log-'));
test.after(() => rmSync(folder, { recursive: true }));

test('a log never takes more than twice its limit and keeps what came last', () => {
  const path = join(folder, 'bounded');
  using file = new BoundedFile(path, 1000);
  for (let line = 0; line < 500; line++) file.write(`line ${line}\n`);
  assert.ok(statSync(path).size <= 1000 && statSync(`${path}.1`).size <= 1000);
  assert.equal(lastLines(path, 2), 'line 498\nline 499');
  assert.equal(lastLines(path, 120).split('\n').length, 120);
});

test('a log is continued by the next run', () => {
  const path = join(folder, 'again');
  for (const text of ['a\n', 'b\r\n']) {
    using file = new BoundedFile(path, 1000);
    file.write(text);
  }
  assert.equal(lastLines(path, 5), 'a\nb');
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('one write larger than the limit is kept whole', () => {
  const path = join(folder, 'large');
  using file = new BoundedFile(path, 10);
  file.write('x'.repeat(50));
  assert.equal(readFileSync(path, 'utf8').length, 50);
  assert.equal(existsSync(`${path}.1`), false);
});

test('the last lines of no file are none', () => {
  assert.equal(lastLines(join(folder, 'none'), 3), '');
});

test('the log has one JSON object a line, below its level nothing', () => {
  const path = join(folder, 'log');
  using log = openLog({ file: path, level: 'warn' });
  log.info('not this');
  log.warn({ machine: 'default' }, 'this');
  const entry = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  assert.deepEqual([entry['msg'], entry['machine'], entry['level']], ['this', 'default', 40]);
});

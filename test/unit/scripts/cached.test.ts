import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { cached, keyOf, root } from '../../../scripts/build/cached.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-cached-'));
const name = `test-${process.pid}`;
const output = join(folder, 'output');
test.after(() => {
  rmSync(folder, { recursive: true });
  rmSync(join(root, 'dist/.stamps', name), { force: true });
});

test('a step is built once per key, again when its output is gone, and not remembered when it failed', async () => {
  let builds = 0;
  const step = (key: string) =>
    cached({
      name,
      key,
      outputs: [output],
      build: () => {
        builds += 1;
        writeFileSync(output, key);
        return Promise.resolve();
      },
    });
  assert.deepEqual([await step('a'), await step('a'), await step('b'), builds], [true, false, true, 2]);
  rmSync(output);
  assert.equal(await step('b'), true);
  const failing = { name, key: 'c', outputs: [output], build: () => Promise.reject(new Error('broken')) };
  await assert.rejects(cached(failing), /broken/);
  await assert.rejects(cached(failing), /broken/);
  assert.ok(existsSync(output));
});

test('a key changes with the content, the name and the words', () => {
  const file = join(folder, 'input');
  writeFileSync(file, 'one');
  const first = keyOf([file], 'flag');
  assert.equal(keyOf([file], 'flag'), first);
  assert.notEqual(keyOf([file], 'other'), first);
  writeFileSync(file, 'two');
  assert.notEqual(keyOf([file], 'flag'), first);
});

import assert from 'node:assert/strict';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

interface Outcome {
  outcome: string;
  name: string;
  file: string | undefined;
}

interface Outcomes {
  filesToRepeat: (outcomes: readonly Outcome[]) => string[];
  afterRepeat: (
    first: readonly Outcome[],
    second: readonly Outcome[],
  ) => { outcomes: Outcome[]; flaky: { name: string; file: string }[] };
}

// Plain scripts have no types of their own.
const url = new URL('../../../scripts/test-outcomes.mjs', import.meta.url).href;
const { afterRepeat, filesToRepeat } = (await import(url)) as Outcomes;

const at = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const one = (outcome: string, name: string, file?: string): Outcome => ({
  outcome,
  name,
  file: file === undefined ? file : at(file),
});
const first = [
  one('passed', 'a', 'x.ts'),
  one('failed', 'b', 'x.ts'),
  one('failed', 'c', 'x.ts'),
  one('passed', 'd', 'y.ts'),
];

test('files of failed tests run again, each once, unless they are many or fail to load', () => {
  assert.deepEqual(filesToRepeat(first), ['x.ts']);
  assert.deepEqual(filesToRepeat([one('passed', 'a', 'x.ts')]), []);
  assert.deepEqual(filesToRepeat(['x.ts', 'y.ts', 'z.ts'].map((file) => one('failed', 'b', file))), []);
  assert.deepEqual(filesToRepeat([...first, one('failed', 'no file')]), []);
});

test('the second run has the last word on its files, and what failed but once is flaky', () => {
  const second = [one('passed', 'a', 'x.ts'), one('passed', 'b', 'x.ts'), one('failed', 'c', 'x.ts')];
  const { outcomes, flaky } = afterRepeat(first, second);
  assert.deepEqual(outcomes, [first[3], ...second]);
  assert.deepEqual(flaky, [{ name: 'b', file: 'x.ts' }]);
});

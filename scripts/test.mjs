/**
 * `npm test [-- SUITE…]`: sets up, then runs the checks in order and stops at the first stage that fails. Suites: `lint`
 * (format, lint, types, layers, unused code), `unit`, `integration`, `e2e`, `docker`. Ends with one line of totals. A test that
 * hangs fails by its name after minutes, and so does a stage; neither is there to measure anything. Where a file or two have
 * failed they run once more, alone; a test that passes only then does not fail the stage, and is told as flaky, by its name.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterRepeat, filesToRepeat } from './test-outcomes.mjs';
import { main, SetupError, sinceStart } from './setup/run.mjs';
import { root, setup } from './setup.mjs';

const bin = (name) => join(root, 'node_modules', name);
/** A stage of tests: how long one test may take, then all of them, in minutes. */
const testing = (one, all, ...more) => [['--test', `--test-timeout=${one * 60_000}`, ...more], all * 60_000];
const build = ['build', ['scripts/build.ts', '--arch', 'amd64', '--arch', 'arm64']];
const inVm = ['--test-concurrency=1', '--test-global-setup=test/e2e/setup.ts'];

const stages = {
  lint: [
    ['format', [bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.']],
    ['lint', [bin('eslint/bin/eslint.js'), '.']],
    ['types', [bin('typescript/bin/tsc'), '-p', 'tsconfig.json']],
    ['pure types', [bin('typescript/bin/tsc'), '-p', 'tsconfig.pure.json']],
    ['layers', ['scripts/check-layers.ts']],
    ['graph', ['scripts/graph.ts', '--check']],
    ['operations', ['scripts/generate-ops.ts', '--check']],
    ['compatibility table', ['scripts/generate-compatibility.ts', '--check']],
    ['unused code', [bin('knip/bin/knip.js')]],
  ],
  unit: [['unit', ...testing(2, 10), 'test/unit']],
  integration: [['integration', ...testing(5, 20), 'test/integration']],
  e2e: [build, ['real VM', ...testing(10, 40, ...inVm), 'test/e2e']],
  docker: [build, ['docker commands', ...testing(10, 30, ...inVm), 'test/docker-compat']],
};

const totals = { passed: 0, failed: 0, skipped: [], flaky: [], executed: false };

async function stage(node, env, [name, args, limit, folder]) {
  const begin = Date.now();
  const run = (words) => command(node, words, { env, limit });
  process.stdout.write(`\n▶ ${name}\n`);
  const code = folder === undefined ? await run(args) : await testStage(run, args, { name, files: tests(folder) });
  const took = Date.now() - begin;
  const over = code === 'SIGTERM' ? `: ended by force, for it took more than ${limit / 60_000} minutes` : '';
  process.stdout.write(`${code === 0 ? '✓' : '✗'} ${name} ${(took / 1000).toFixed(1)} s${over}\n`);
  return code === 0;
}

async function testStage(run, args, { name, files }) {
  if (files.length === 0) throw new SetupError(`Stage "${name}" has no test.`);
  let { code, outcomes } = await recorded(run, args, files);
  const again = typeof code === 'number' ? filesToRepeat(outcomes) : [];
  if (code !== 0 && again.length > 0) {
    process.stdout.write(`\n▶ ${name}, once more: ${again.join(', ')}\n`);
    const second = await recorded(run, args, again);
    const merged = afterRepeat(outcomes, second.outcomes);
    totals.flaky.push(...merged.flaky);
    ({ code } = second);
    ({ outcomes } = merged);
  }
  count(outcomes);
  return code;
}

/** @returns the exit code or signal, and what became of each test */
async function recorded(run, args, files) {
  const scratch = mkdtempSync(join(tmpdir(), 'berth-test-'));
  try {
    const record = join(scratch, 'tests.jsonl');
    const reporters = ['--test-reporter=spec', '--test-reporter-destination=stdout'];
    reporters.push('--test-reporter=./scripts/test-record.mjs', `--test-reporter-destination=${record}`);
    const code = await run([...args, ...reporters, ...files]);
    const lines = existsSync(record) ? readFileSync(record, 'utf8').split('\n').filter(Boolean) : [];
    return { code, outcomes: lines.map((line) => JSON.parse(line)) };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function command(node, words, { env, limit }) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, words, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'], timeout: limit });
    child.on('error', reject);
    child.on('close', (status, signal) => resolve(status ?? signal));
  });
}

function tests(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true })
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => join(folder, path))
    .sort();
}

function count(outcomes) {
  totals.executed = true;
  for (const { outcome, name, reason } of outcomes)
    if (outcome === 'skipped') totals.skipped.push({ name, reason });
    else totals[outcome] += 1;
}

function summary() {
  const { passed, failed, skipped, flaky } = totals;
  for (const { name, reason } of skipped) process.stdout.write(`skipped: ${name}: ${reason}\n`);
  for (const { name, file } of flaky) process.stdout.write(`flaky: ${name}: failed, then passed alone (${file})\n`);
  if (totals.executed)
    process.stdout.write(`${passed} passed, ${failed} failed, ${skipped.length} skipped, ${flaky.length} flaky\n`);
}

await main(async () => {
  const asked = process.argv.slice(2);
  const unknown = asked.find((name) => !(name in stages));
  if (unknown !== undefined)
    throw new SetupError(`There is no suite "${unknown}". Suites: ${Object.keys(stages).join(', ')}.`);
  const { node, env } = await setup('test');
  for (const suite of asked.length > 0 ? asked : Object.keys(stages))
    for (const one of stages[suite])
      if (!(await stage(node, env, one))) {
        process.stdout.write(`\nStage "${one[0]}" failed after ${sinceStart()}; the stages behind it did not run.\n`);
        summary();
        return 1;
      }
  process.stdout.write(`\nAll stages passed in ${sinceStart()}.\n`);
  summary();
  return totals.failed === 0 ? 0 : 1;
});

/**
 * `npm test [-- SUITE…]`: sets up, then runs the checks in order and stops at the first stage that fails. Suites: `lint`
 * (format, lint, types, layers, unused code), `unit`, `integration`, `e2e`, `docker`. Ends with one line of totals. A test that
 * hangs fails by its name after minutes, and so does a stage; neither is there to measure anything.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

const totals = { passed: 0, failed: 0, skipped: [], executed: false };

async function stage(node, env, [name, args, limit, folder]) {
  const begin = Date.now();
  const scratch = mkdtempSync(join(tmpdir(), 'berth-test-'));
  const record = join(scratch, 'tests.jsonl');
  const words = [...args];
  if (folder !== undefined) {
    const files = existsSync(join(root, folder)) ? tests(folder) : [];
    if (files.length === 0) throw new SetupError(`Stage "${name}" has no test: there is none below ${folder}.`);
    words.push('--test-reporter=spec', '--test-reporter-destination=stdout');
    words.push('--test-reporter=./scripts/test-record.mjs', `--test-reporter-destination=${record}`, ...files);
  }
  process.stdout.write(`\n▶ ${name}\n`);
  const code = await new Promise((resolve, reject) => {
    const child = spawn(node, words, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'], timeout: limit });
    child.on('error', reject);
    child.on('close', (status, signal) => resolve(status ?? signal));
  });
  if (folder !== undefined) count(record);
  rmSync(scratch, { recursive: true, force: true });
  const took = Date.now() - begin;
  const over = took >= limit ? `: ended by force, for it took more than ${limit / 60_000} minutes` : '';
  process.stdout.write(`${code === 0 ? '✓' : '✗'} ${name} ${(took / 1000).toFixed(1)} s${over}\n`);
  return code === 0;
}

function tests(folder) {
  return readdirSync(join(root, folder), { recursive: true })
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => join(folder, path))
    .sort();
}

function count(record) {
  totals.executed = true;
  if (!existsSync(record)) return;
  for (const line of readFileSync(record, 'utf8').split('\n').filter(Boolean)) {
    const { outcome, name, reason } = JSON.parse(line);
    if (outcome === 'skipped') totals.skipped.push({ name, reason });
    else totals[outcome] += 1;
  }
}

function summary() {
  for (const { name, reason } of totals.skipped) process.stdout.write(`skipped: ${name}: ${reason}\n`);
  if (totals.executed)
    process.stdout.write(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped.length} skipped\n`);
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

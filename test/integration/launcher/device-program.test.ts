import assert from 'node:assert/strict';
import { rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { compileDeviceRules, encodeInstructions } from '../../../guest-agent/plan/device-program.ts';
import { parseDeviceRule } from '../../../guest-agent/plan/device-rules.ts';
import { barePlan, cgroupRoot, runAttached, skip, startLauncher, type Fixture } from './fixture.ts';

const why = 'test';

describe('a device program', { skip: skip || (cgroupRoot === undefined && 'no cgroup v2'), timeout: 60_000 }, () => {
  let fixture: Fixture;
  before(async () => void (fixture = await startLauncher()));
  after(() => fixture.stop());

  const run = async (rules: readonly string[], script: string, kept = ''): Promise<string[]> => {
    const cgroup = join(cgroupRoot ?? '', `berth-devices-${process.pid}`);
    const program = encodeInstructions(compileDeviceRules(rules.map(parseDeviceRule)));
    const plan = barePlan(fixture, {
      argv: ['sh', '-c', script],
      before: [
        { op: 'mkdir', path: cgroup, mode: 0o755, why },
        { op: 'deviceProgram', cgroup, program, kept, why },
      ],
    });
    const { stdout } = await runAttached(fixture, { ...plan, clone: { ...plan.clone, cgroup } });
    rmdirSync(cgroup);
    return stdout.trim().split('\n');
  };
  const tries = (...redirections: string[]): string =>
    redirections.map((text) => `(: ${text}) 2>&1; echo "$?"`).join('; ');

  test('holds for who starts in the cgroup: each direction by itself', async () => {
    const asked = tries('>/dev/null', '</dev/zero', '>/dev/zero', '<>/dev/zero', '</dev/full');
    const answers = await run(['c 1:3 rwm', 'c 1:5 r'], asked);
    assert.deepEqual(
      answers.filter((line) => /^\d+$/.test(line)).map((code) => code === '0'),
      [true, true, false, false, false],
    );
    assert.match(answers.join('\n'), /Operation not permitted/);
  });

  test('is taken from the cgroup that keeps it', async () => {
    const kept = join(cgroupRoot ?? '', `berth-kept-${process.pid}`);
    const asked = tries('>/dev/null', '</dev/zero');
    const codes = async (rules: readonly string[]): Promise<string[]> =>
      (await run(rules, asked, kept)).filter((line) => /^\d+$/.test(line));
    const first = await codes(['c 1:3 rwm']);
    assert.equal(first[0], '0');
    assert.notEqual(first[1], '0');
    // The bytes of the second are not looked at: its name says that they are the same.
    assert.deepEqual(await codes(['c 1:5 rwm']), first);
    rmdirSync(kept);
  });

  test('is taken by the kernel for rules of every shape', async () => {
    for (const rules of [['a *:* rwm'], ['a 1:3 w', 'b *:* m', 'c 4294967295:* rw'], manyRules()])
      assert.equal((await run(rules, 'echo here')).at(-1), 'here');
  });
});

function manyRules(): string[] {
  return Array.from({ length: 500 }, (_, minor) => `c 189:${minor} ${['r', 'w', 'rwm'][minor % 3] ?? ''}`);
}

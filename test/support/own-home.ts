/** A state folder of a test's own, with its own host service, for what would disturb the shared one. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { berth, ok, type CommandOptions, type Outcome } from './berth.ts';

export interface OwnHome {
  readonly path: string;
  berth(args: readonly string[], options?: CommandOptions): Promise<Outcome>;
  /** The command must succeed; answers its standard output. */
  ok(args: readonly string[], options?: CommandOptions): Promise<string>;
  /** The command must fail with this code and one line that matches. */
  refused(args: readonly string[], code: number, message: RegExp): Promise<void>;
}

interface Test {
  after(fn: () => Promise<unknown>): void;
}

const bootLimit = { limitMs: 240_000 };

/**
 * What trial boots found is taken over from the shared service, so that no boot waits for it again.
 * @param at instead of a new folder
 */
export async function ownHome(t: Test, env: Record<string, string> = {}, at?: string): Promise<OwnHome> {
  const path = at ?? (await mkdtemp(join(tmpdir(), 'berth-own-')));
  const own = (options: CommandOptions = {}) => ({ ...bootLimit, ...options, env: { ...env, BERTH_HOME: path } });
  t.after(async () => {
    const { code, stderr } = await berth(['stop', '--service', '--force'], own());
    assert.equal(code, 0, stderr);
    assert.equal(existsSync(join(path, 'run/control.sock')), false, 'the host service runs on');
    await rm(path, { recursive: true, force: true });
  });
  await mkdir(join(path, 'state'), { recursive: true, mode: 0o700 });
  const verdicts = join(process.env.BERTH_HOME ?? '', 'state/accelerators.json');
  await copyFile(verdicts, join(path, 'state/accelerators.json'));
  return {
    path,
    berth: (args, options) => berth(args, own(options)),
    ok: (args, options) => ok(args, own(options)),
    refused: async (args, code, message) => {
      const outcome = await berth(args, own());
      assert.match(outcome.stderr, message, `berth ${args.join(' ')}: exit ${outcome.code}`);
      assert.equal(outcome.code, code, outcome.stderr);
      assert.equal(outcome.stderr.trim().split('\n').length, 1, `more than one line: ${outcome.stderr}`);
      assert.match(outcome.stderr, / — \S/, 'no next step');
    },
  };
}

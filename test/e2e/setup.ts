/**
 * Global set-up of the real-VM tests (`node --test --test-global-setup`): a state folder of its own, one host service,
 * one boot. Global teardown stops both, also after failures.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { berth, ok } from '../support/berth.ts';

let home = '';

export async function globalSetup(): Promise<void> {
  home = await mkdtemp(join(tmpdir(), 'berth-e2e-'));
  process.env.BERTH_HOME = home;
  await ok(['machine', 'set', '--cpus', '2', '--memory', '1536m', '--share', home]);
  await ok(['start'], { limitMs: 240_000 });
}

export async function globalTeardown(): Promise<void> {
  await berth(['stop', '--service']);
  await rm(home, { recursive: true, force: true });
}

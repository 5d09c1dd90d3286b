import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Engine } from '../../../../guest-agent/services/engine.ts';
import { Mounts } from '../../../../guest-agent/services/mounts.ts';
import { guestPaths as paths, sharedShm } from '../../../../guest-agent/services/paths.ts';
import { keepShm, unmountUnused } from '../../../../guest-agent/services/shared-shm.ts';
import { PlayedKernel } from '../../../support/played-kernel.ts';

const [running, ended] = ['a', 'b'].map((digit) => digit.repeat(64)) as [string, string];

test('shared memory that an earlier agent has mounted goes with its owner, also when that one is gone already', async () => {
  const kernel = new PlayedKernel();
  const table = [running, ended].map((id) => `shm ${sharedShm(paths, id)} tmpfs rw 0 0`).join('\n');
  const one = { id: running, record: { state: { status: 'running' } } };
  const other = { id: ended, record: { state: { status: 'exited' } } };
  const parts = { paths, mounts: new Mounts(kernel, table), containers: { all: () => [one, other] } };
  const engine = parts as unknown as Engine;
  await unmountUnused(engine);
  assert.deepEqual(kernel.unmounted, [sharedShm(paths, ended)]);
  const undo: (() => void)[] = [];
  keepShm(engine, running, undo);
  for (const step of undo) step();
  assert.deepEqual(kernel.unmounted.slice(1), [sharedShm(paths, running)]);
});

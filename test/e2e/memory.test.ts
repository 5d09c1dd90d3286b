import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { ok } from '../support/berth.ts';
import { until } from '../support/until.ts';

/** Kilobytes of the host's memory that the VM's process holds, shared memory (for virtiofs) included. */
async function resident(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]);
}

test('memory that the guest has freed returns to the host by itself', async (t) => {
  const { pid } = JSON.parse(await ok(['status', '--format', 'json'])) as { pid: number };
  const used = 400 * 1024;
  const before = await resident(pid);
  await ok([
    'run',
    '--rm',
    '--tmpfs',
    '/fill:size=500m',
    'busybox',
    'dd',
    'if=/dev/zero',
    'of=/fill/file',
    'bs=1M',
    'count=400',
  ]);
  const peak = await resident(pid);
  const fresh = peak - before;
  if (fresh < used / 2) t.diagnostic(`only ${fresh} kB of ${used} kB were new to the host: the guest had them before`);
  const after = await until(
    `less than ${peak} - ${used / 2} kB`,
    async () => {
      const now = await resident(pid);
      return now < peak - used / 2 && now;
    },
    60_000,
  );
  assert.ok(after < peak, `${before} → ${peak} → ${after} kB`);
  t.diagnostic(`host memory of the VM: ${before} → ${peak} → ${after} kB`);
});

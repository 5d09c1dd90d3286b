/** The guest as a machine: memory, disk, clock. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { EngineError } from '../protocol/errors.ts';
import type { guestMethods } from '../protocol/guest.ts';
import type { ResultOf } from '../protocol/method.ts';
import type { Engine } from './engine.ts';
import type { Paths } from './paths.ts';
import { monitorMemory, statusFields } from './processes.ts';

export function memoryInfo(paths: Paths): ResultOf<(typeof guestMethods)['memory']> {
  const fields = statusFields(readFileSync(`${paths.proc}/meminfo`, 'utf8'));
  const bytes = (name: string): number => Number.parseInt(fields.get(name) ?? '0', 10) * 1024;
  return {
    totalBytes: bytes('MemTotal'),
    availableBytes: bytes('MemAvailable'),
    cachedBytes: bytes('Cached'),
    agentRssBytes: process.memoryUsage.rss(),
    monitorRssBytes: monitorMemory(paths),
  };
}

export async function diskInfo(engine: Engine): Promise<{ totalBytes: number; freeBytes: number }> {
  const { total, free } = await engine.effects.read('space', { path: engine.paths.data });
  return { totalBytes: total, freeBytes: free };
}

/**
 * Blocks are free for good once the journal says so: until then fstrim(8) passes them over. The host has them back when
 * this resolves. @throws EngineError `operation-failed`
 */
export async function trimDisk({ trash, paths }: Pick<Engine, 'trash' | 'paths'>): Promise<void> {
  await trash.emptied();
  try {
    await promisify(execFile)('sync');
    await promisify(execFile)('fstrim', [paths.data]);
  } catch (cause) {
    throw new EngineError('operation-failed', 'The data disk’s free blocks were not given back to the host.', {
      hint: 'They are free in the guest all the same; the kernel’s own messages say more: `berth ssh -- dmesg`.',
      cause,
    });
  }
}

/**
 * Sets the wall clock, as after the host has slept. date(1) takes whole seconds: it is run when the next one begins.
 * @throws EngineError `invalid-argument`, `operation-failed`
 */
export async function setTime(timeNano: string): Promise<void> {
  if (!/^\d{18,20}$/.test(timeNano))
    throw new EngineError('invalid-argument', `${timeNano.slice(0, 40)} is no time in nanoseconds since the epoch.`);
  const milliseconds = Number(BigInt(timeNano) / 1_000_000n);
  const second = Math.ceil(milliseconds / 1000);
  await delay(second * 1000 - milliseconds);
  try {
    await promisify(execFile)('date', ['-s', `@${second}`]);
  } catch (cause) {
    throw new EngineError('operation-failed', 'Setting the guest’s clock failed.', {
      hint: 'Restart the machine.',
      cause,
    });
  }
}

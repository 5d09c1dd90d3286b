import { closeSync, writeSync } from 'node:fs';
import { readyVariable } from '../control/spawn.ts';
import type { Ready } from '../control/spawn.ts';

/** Tells the process that started this one, where it waits for it. */
export function sayReady(ready: Ready, env: NodeJS.ProcessEnv = process.env): void {
  const descriptor = Number(env[readyVariable] ?? Number.NaN);
  if (!Number.isInteger(descriptor)) return;
  try {
    writeSync(descriptor, `${JSON.stringify(ready)}\n`);
    closeSync(descriptor);
  } catch {
    // It has gone meanwhile; the service stays.
  }
}

/** The guest's orderly end. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { isActive } from './container-state.ts';
import { stopChoice, stopProcess } from './container-stop.ts';
import type { Engine } from './engine.ts';

/** Stops all that runs, side by side: by its own signal, within its own time but at most `timeoutSeconds`. */
export async function stopAll(engine: Engine, timeoutSeconds: number): Promise<void> {
  const active = engine.containers.all().filter(({ record }) => isActive(record.state));
  await Promise.allSettled(
    active.map((container) => {
      const choice = stopChoice(container, {});
      const own = choice.timeoutSeconds < 0 ? timeoutSeconds : choice.timeoutSeconds;
      return stopProcess(engine, container, { ...choice, timeoutSeconds: Math.min(own, timeoutSeconds) });
    }),
  );
}

/** Asks init, which unmounts the data disk before the power goes. */
export async function powerOff(): Promise<void> {
  await promisify(execFile)('poweroff');
}

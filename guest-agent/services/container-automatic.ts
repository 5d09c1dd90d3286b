/** Starts that nobody asks for: by restart policies, after a process's end and after the guest's boot. */
import { nowNano } from './clock.ts';
import type { Container } from './container.ts';
import { startLocked } from './container-start.ts';
import type { Engine } from './engine.ts';
import { restartWanted } from './restart-policy.ts';
import { forgetRestart } from './restart-schedule.ts';

/** After a boot, when the host has mounted its shares: what ran then, or always runs, is started, one after the other. */
export async function startAutomatic(engine: Engine): Promise<void> {
  for (const container of engine.containers.all()) {
    const { record } = container;
    if (record.state.status !== 'exited' || record.bootId === engine.bootId) continue;
    const { exitCode } = record.state;
    if (restartWanted(record.spec.restart, { exitCode, stopped: record.stopped === true, count: 0 }))
      await startAgain(engine, container);
  }
}

/**
 * It is "restarting" until it runs: nobody takes the end before for the last one. A start that fails is not tried again:
 * what it lacks (a share, a command) does not come by itself.
 * @param wanted asked when it is this start's turn
 */
export function startAgain(engine: Engine, container: Container, wanted = (): boolean => true): Promise<void> {
  return container.mutex.run(async () => {
    const { record } = container;
    const before = record.state;
    if (container.removed || before.status !== 'exited' || !wanted()) return;
    clearTimeout(container.restartTimer);
    record.restartCount += 1;
    try {
      await startLocked(engine, container, false);
    } catch (error) {
      forgetRestart(container);
      if (record.state === before) {
        record.state = {
          ...before,
          finishedAt: nowNano(),
          error: error instanceof Error ? error.message : String(error),
        };
        engine.events.emit('container', record.id, 'die', { exitCode: String(before.exitCode) });
      }
      engine.store.noteContainer(record);
      if (record.state.status === 'exited') container.tellExit(record.state);
    }
  });
}

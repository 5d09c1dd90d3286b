/** The start that a restart policy arranges for a container whose process has ended; until then it is "restarting". */
import { millisecondsToNano } from './clock.ts';
import type { Container } from './container.ts';
import { isRestarting } from './container-state.ts';
import type { Engine } from './engine.ts';
import { restartDelay, restartWanted } from './restart-policy.ts';

/** Whether the process that has just ended is to be followed by another. */
export function restartsAfter({ record, stopping, restarting }: Container, exitCode: number): boolean {
  if (stopping || restarting || record.stopped === true) return false;
  return restartWanted(record.spec.restart, { exitCode, stopped: false, count: record.restartCount });
}

/** Arranges the start and says so in the state; the caller writes the record. */
export function scheduleRestart(engine: Engine, container: Container): void {
  const { state } = container.record;
  if (state.status !== 'exited') return;
  const ranFor = Number((BigInt(state.finishedAt) - BigInt(state.startedAt)) / 1_000_000n);
  container.restartDelay = restartDelay(container.restartDelay, ranFor);
  state.restartsAt = millisecondsToNano(Date.now() + container.restartDelay);
  clearTimeout(container.restartTimer);
  const timer = setTimeout(() => void startWhenReady(engine, container, timer), container.restartDelay);
  container.restartTimer = timer;
}

/** After the agent's own start the host's folders are not there at once; somebody may have other plans meanwhile. */
async function startWhenReady(engine: Engine, container: Container, timer: NodeJS.Timeout): Promise<void> {
  await engine.shares.awaited(container.record.spec.mounts);
  const { startAgain } = await import('./container-automatic.ts');
  await startAgain(engine, container, () => container.restartTimer === timer);
}

/** Somebody ends it for good: those who wait for its end have it now. @returns whether a start was to come */
export function cancelRestart(engine: Engine, container: Container): boolean {
  const { record } = container;
  if (!isRestarting(record.state)) return false;
  forgetRestart(container);
  record.stopped = true;
  engine.store.noteContainer(record);
  container.tellExit(record.state);
  return true;
}

export function forgetRestart(container: Container): void {
  clearTimeout(container.restartTimer);
  container.restartTimer = undefined;
  const { state } = container.record;
  if (state.status === 'exited') delete state.restartsAt;
}

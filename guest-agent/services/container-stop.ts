/** Signals to containers: kill, stop, restart, pause. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { signalNumber } from '../plan/signal.ts';
import { EngineError } from '../protocol/errors.ts';
import type { Container } from './container.ts';
import { isActive, isRestarting, paused, requireActive, unpaused } from './container-state.ts';
import type { Engine } from './engine.ts';
import { cgroupDir, monitorSocket } from './paths.ts';
import type { ContainerRecord } from './records.ts';
import { cancelRestart } from './restart-schedule.ts';

const kill = 9;
const defaultStopSignal = 'SIGTERM';
/** For a process that SIGKILL does not end at once: the kernel is busy with it. */
const killSeconds = 30;

export interface StopOptions {
  readonly timeoutSeconds?: number;
  readonly signal?: string;
}

/** No error when it does not run. */
export async function stopContainer(engine: Engine, id: string, options: StopOptions): Promise<void> {
  const container = engine.containers.get(id);
  // A start that is under way comes first; the wait itself blocks nobody.
  await container.mutex.run(() => Promise.resolve());
  if (cancelRestart(engine, container) || !isActive(container.record.state)) return;
  container.record.stopped = true;
  await stopProcess(engine, container, stopChoice(container, options));
  engine.events.emit('container', container.id, 'stop');
}

/** @throws EngineError `wrong-state`, `invalid-argument` */
export async function killContainer(engine: Engine, id: string, signal: string): Promise<void> {
  const container = engine.containers.get(id);
  const number = signalNumber(signal || 'KILL');
  // A start that is under way comes first, as for stop.
  if (isRestarting(container.record.state)) await container.mutex.run(() => Promise.resolve());
  if (cancelRestart(engine, container)) return;
  requireActive(container.name, container.record.state);
  if (endsIt(container, number)) container.record.stopped = true;
  engine.events.emit('container', container.id, 'kill', { signal: String(number) });
  await engine.effects.signal(monitorSocket(engine.paths, container.id), number);
}

/** Signals that mean the end to whoever sends them: its restart policy has no say then. */
function endsIt({ record }: Container, signal: number): boolean {
  return signal === kill || signal === signalNumber(record.spec.stopSignal || defaultStopSignal);
}

/** @param toRead the engine's own pause, which ends with the agent at the latest */
export function pauseContainer(engine: Engine, id: string, freeze: boolean, toRead = false): Promise<void> {
  const container = engine.containers.get(id);
  return container.mutex.run(async () => {
    const { record } = container;
    const next = freeze ? paused(record.name, record.state) : unpaused(record.name, record.state);
    await setFrozen(engine, record, freeze);
    // It may have ended in between.
    if (!isActive(record.state)) requireActive(record.name, record.state);
    record.state = next;
    record.pausedToRead = freeze && toRead;
    engine.store.saveContainer(record);
    engine.events.emit('container', record.id, freeze ? 'pause' : 'unpause');
  });
}

export interface StopChoice {
  readonly signal: number;
  readonly timeoutSeconds: number;
}

/** The signal, then SIGKILL when the time is over (never with a negative time); resolves when it has ended. */
export async function stopProcess(
  engine: Engine,
  container: Container,
  choice: StopChoice,
  restarting = false,
): Promise<void> {
  const { record } = container;
  const { promise: ended, resolve } = Promise.withResolvers<true>();
  const forget = container.onExit(() => resolve(true));
  try {
    // The exit of a container that is started again must not remove it.
    container.restarting = restarting;
    container.stopping = true;
    await send(engine, record.id, choice.signal);
    if (record.state.status === 'paused') await setFrozen(engine, record, false);
    if (choice.timeoutSeconds < 0 ? await ended : await within(ended, choice.timeoutSeconds)) return;
    await send(engine, record.id, kill);
    if (await within(ended, killSeconds)) return;
  } finally {
    forget();
    container.restarting = false;
    container.stopping = false;
  }
  throw new EngineError('timeout', `Container ${record.name} did not end within ${killSeconds} s of SIGKILL.`, {
    hint: 'A process waits for a device or a share; look with: berth ps --guest',
  });
}

export function stopChoice({ record }: Container, { timeoutSeconds, signal }: StopOptions): StopChoice {
  return {
    signal: signalNumber(signal || record.spec.stopSignal || defaultStopSignal),
    timeoutSeconds: timeoutSeconds ?? record.spec.stopTimeoutSeconds,
  };
}

/** That the process has ended meanwhile is what the caller waits for anyway. */
async function send(engine: Engine, id: string, signal: number): Promise<void> {
  engine.events.emit('container', id, 'kill', { signal: String(signal) });
  try {
    await engine.effects.signal(monitorSocket(engine.paths, id), signal);
  } catch (error) {
    if (!(error instanceof EngineError && error.code === 'wrong-state')) throw error;
  }
}

/** The agent may have died between a pause's two halves, or while it read the container's files. */
export async function restorePause(engine: Engine, { record }: Container): Promise<void> {
  if (record.pausedToRead === true && record.state.status === 'paused') {
    record.state = unpaused(record.name, record.state);
    record.pausedToRead = false;
    engine.store.noteContainer(record);
  }
  // It may just end.
  await setFrozen(engine, record, record.state.status === 'paused').catch(() => undefined);
}

/** cgroup.freeze of cgroup-v2.rst. */
async function setFrozen(engine: Engine, record: ContainerRecord, frozen: boolean): Promise<void> {
  await writeFile(join(cgroupDir(engine.paths, record), 'cgroup.freeze'), frozen ? '1' : '0');
}

function within(ended: Promise<true>, seconds: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), seconds * 1000);
  void ended.then(() => resolve(true));
  return promise.finally(() => clearTimeout(timer));
}

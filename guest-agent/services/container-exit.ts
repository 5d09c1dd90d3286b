/** What follows when a container's first process has ended, in an order in which nobody sees a half of it. */
import { rm } from 'node:fs/promises';
import type { ExitRecord, Launched } from '../effects/effects.ts';
import { nowNano } from './clock.ts';
import type { Container } from './container.ts';
import { removeLocked } from './container-remove.ts';
import { exited, isActive, type Ending } from './container-state.ts';
import type { Engine } from './engine.ts';
import { watchHealth } from './health.ts';
import { oomKills, watchOom } from './oom.ts';
import { cleanCgroup } from './container-cgroup.ts';
import { removeCables } from './container-networks.ts';
import { joinsNetwork } from './joins.ts';
import { cgroupDir } from './paths.ts';
import type { ContainerRecord } from './records.ts';
import { restartsAfter, scheduleRestart } from './restart-schedule.ts';

/** Follows a process that was started or found again. */
export function watchExit(engine: Engine, container: Container, process: Launched): void {
  const { id, spec } = container.record;
  container.run += 1;
  const { run } = container;
  const cgroup = cgroupDir(engine.paths, container.record);
  if ((spec.resources.memoryBytes ?? 0) > 0)
    container.whileRunning.push(watchOom(cgroup, () => engine.events.emit('container', id, 'oom')));
  container.whileRunning.push(process.release);
  watchHealth(engine, container);
  // A process that ended before this line is told all the same: the promise keeps it.
  void process.exited.then((record) => {
    if (container.run === run) noteExit(engine, container, endingOf(engine, container, record));
  });
}

/** Before the store closes: what ends from now on is found by the next agent. */
export function stopWatching(engine: Engine): void {
  for (const container of engine.containers.all()) {
    container.run += 1;
    clearTimeout(container.restartTimer);
    container.endProbes?.();
  }
}

/** State and store first, then those who wait, then what takes time. */
export function noteExit(engine: Engine, container: Container, ending: Ending): void {
  const { record } = container;
  if (!isActive(record.state)) return;
  record.state = exited(record.state, ending);
  if (restartsAfter(container, ending.exitCode)) scheduleRestart(engine, container);
  for (const step of container.whileRunning.splice(0).reverse()) step();
  engine.execs.containerEnded(record.id);
  // One that goes by itself is as good as gone: its last state is not worth a write.
  if (!record.spec.autoRemove) engine.store.noteContainer(record);
  engine.volumes.tellUse(record, 'unmount');
  engine.events.emit('container', record.id, 'die', {
    exitCode: String(ending.exitCode),
    execDuration: String((BigInt(ending.finishedAt) - BigInt(record.state.startedAt)) / 1_000_000_000n),
  });
  container.tellExit(record.state);
  const cleaned = clean(engine, record);
  if (!record.spec.autoRemove || container.restarting) return;
  void container.mutex.run(async () => {
    await cleaned;
    if (!isActive(record.state)) await removeLocked(engine, container, { force: true, volumes: true });
  });
}

async function clean(engine: Engine, record: ContainerRecord): Promise<void> {
  await cleanCgroup(engine, record);
  if (engine.containers.all().some(({ record: other }) => isActive(other.state) && joinsNetwork(other.spec)))
    await removeCables(engine, record);
}

/** Forgets the record of an earlier run, so that it is never taken for the next one's. */
export function forgetExit(stateDir: string): Promise<void> {
  return rm(`${stateDir}/exit`, { force: true });
}

function endingOf(engine: Engine, { record }: Container, exit: ExitRecord | undefined): Ending {
  const oomKilled = oomKills(cgroupDir(engine.paths, record)) > 0;
  if (exit !== undefined) return { exitCode: exit.exitCode, oomKilled, finishedAt: exit.finishedAt };
  return { exitCode: 137, oomKilled, finishedAt: nowNano(), error: 'its monitor was killed, and so was it' };
}

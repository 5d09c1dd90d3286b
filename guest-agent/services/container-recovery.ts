/**
 * The agent's start: what the store says, what monitors say and what lies about are made to agree, once. Containers that
 * ran on while the agent was away are found again; those that ended have left their record; after the VM was gone all
 * have ended.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { nowNano } from './clock.ts';
import type { Container } from './container.ts';
import { removeUnknownCgroups } from './container-cgroup.ts';
import { noteExit, watchExit } from './container-exit.ts';
import { removeLocked } from './container-remove.ts';
import { isNamed } from './container-files.ts';
import { gatewayEndpoint } from './container-networks.ts';
import { isActive } from './container-state.ts';
import { restorePause } from './container-stop.ts';
import type { Engine } from './engine.ts';
import { oomKills } from './oom.ts';
import * as place from './paths.ts';
import type { ContainerRecord } from './records.ts';
import { forgetRestart, restartsAfter, scheduleRestart } from './restart-schedule.ts';
import { keepShm, unmountUnused } from './shared-shm.ts';

/** Before anything else: who is there, so that ranges, names, layers and volumes are known to be in use. */
export function loadContainers(engine: Pick<Engine, 'containers'>, records: readonly ContainerRecord[]): void {
  for (const record of records) engine.containers.add(record);
}

/** Finds what still runs, notes what has ended, removes what is nobody's. */
export async function recoverContainers(engine: Engine): Promise<void> {
  await Promise.all(engine.containers.all().map((container) => recoverOne(engine, container)));
  await unmountUnused(engine);
  discardUnknownFolders(engine);
  await removeUnknownCgroups(engine);
}

async function recoverOne(engine: Engine, container: Container): Promise<void> {
  const { record } = container;
  if (record.starting === true) await finishStarting(engine, container);
  if (isActive(record.state)) await recoverActive(engine, container);
  if (record.bootId === engine.bootId) restoreRestart(engine, container);
  if (record.spec.autoRemove && !isActive(record.state) && !container.removed)
    await removeLocked(engine, container, { force: true, volumes: true });
}

/** The policy's say about an end while no agent was there. */
function restoreRestart(engine: Engine, container: Container): void {
  // What was arranged went with the agent that had arranged it.
  forgetRestart(container);
  const { state } = container.record;
  if (state.status !== 'exited' || state.error !== undefined || !restartsAfter(container, state.exitCode)) return;
  scheduleRestart(engine, container);
  engine.store.noteContainer(container.record);
}

/** A start that the agent's or the VM's end cut short, somewhere: whether it came to a process is found out. */
async function finishStarting(engine: Engine, { record }: Container): Promise<void> {
  record.starting = false;
  const process =
    record.bootId === engine.bootId
      ? await engine.effects.adopt(place.monitorSocket(engine.paths, record.id))
      : { pid: 0, release: () => undefined };
  if (process !== undefined && !isActive(record.state))
    record.state = { status: 'running', pid: process.pid, startedAt: nowNano() };
  process?.release();
  engine.store.noteContainer(record);
}

async function recoverActive(engine: Engine, container: Container): Promise<void> {
  const { record } = container;
  const sameBoot = record.bootId === engine.bootId;
  const process = sameBoot ? await engine.effects.adopt(place.monitorSocket(engine.paths, record.id)) : undefined;
  if (process !== undefined) {
    if (record.endpoints.length > 0) {
      engine.networks.restore(record.id, record.endpoints);
      const leading = gatewayEndpoint(engine, record.spec, record.endpoints);
      if (leading !== undefined) engine.networks.ports.restore(record.id, leading, record.published);
      container.whileRunning.push(() => {
        engine.nameServer.close(record.id);
        engine.networks.leave(record.id);
      });
      // A container whose names cannot be answered any more is told by its look-ups; it runs on.
      if (record.endpoints.some(isNamed)) void engine.nameServer.open(record.id, process.pid).catch(() => undefined);
    }
    if (record.spec.namespaces.ipc === 'shareable') keepShm(engine, record.id, container.whileRunning);
    await restorePause(engine, container);
    watchExit(engine, container, process);
    return;
  }
  const exit = engine.effects.readExit(place.containerDir(engine.paths, record.id));
  const oomKilled = sameBoot && oomKills(place.cgroupDir(engine.paths, record)) > 0;
  const error = sameBoot ? 'its monitor was killed, and so was it' : 'VM stopped';
  const ending =
    exit === undefined
      ? { exitCode: 137, oomKilled, finishedAt: nowNano(), error }
      : { exitCode: exit.exitCode, oomKilled, finishedAt: exit.finishedAt };
  // Removal is decided by the caller, in order, not by the end of a process.
  container.restarting = true;
  noteExit(engine, container, ending);
  container.restarting = false;
}

function discardUnknownFolders(engine: Engine): void {
  const folder = place.containersDir(engine.paths);
  for (const name of readdirSync(folder)) if (!engine.containers.has(name)) engine.trash.discard(join(folder, name));
  const sockets = join(engine.paths.run, 'monitors');
  const active = new Set(
    engine.containers
      .all()
      .flatMap(({ id, record }) => (isActive(record.state) ? [place.monitorSocket(engine.paths, id)] : [])),
  );
  for (const name of readdirSync(sockets))
    if (!active.has(join(sockets, name))) rmSync(join(sockets, name), { force: true });
}

/** Removing containers: forgotten first, then their folder goes by way of the trash, so that no crash leaves half of one. */
import { EngineError } from '../protocol/errors.ts';
import type { Container } from './container.ts';
import { removeUnusedParents } from './container-cgroup.ts';
import { isActive, isRestarting, requireRemovable } from './container-state.ts';
import { stopProcess } from './container-stop.ts';
import type { Engine } from './engine.ts';
import { folderBytes } from './folder-size.ts';
import { freeRange } from './joins.ts';
import { containerDir } from './paths.ts';
import { cancelRestart } from './restart-schedule.ts';

export interface RemoveOptions {
  /** Also when it runs: it is killed. */
  readonly force: boolean;
  /** With its anonymous volumes. */
  readonly volumes: boolean;
}

/** @throws EngineError `no-such-container`, `wrong-state` */
export function removeContainer(engine: Engine, id: string, options: RemoveOptions): Promise<void> {
  const container = engine.containers.get(id);
  return container.mutex.run(async () => {
    // Gone while this call waited: what was asked for is so.
    if (container.removed) return;
    await removeLocked(engine, container, options);
    await engine.trash.makeRoom();
  });
}

/** The container's lock is held by the caller. */
export async function removeLocked(engine: Engine, container: Container, options: RemoveOptions): Promise<void> {
  const { record } = container;
  if (container.removed) return;
  requireRemovable(record.name, record.state, options.force);
  cancelRestart(engine, container);
  if (isActive(record.state)) await stopProcess(engine, container, { signal: 9, timeoutSeconds: 10 });
  // A record of one that goes by itself, without its process, is removed by the next agent: it may be the last to go.
  if (record.spec.autoRemove) engine.store.saveLater(record.id, undefined);
  else engine.store.remove('containers', record.id, { durable: true });
  const facts = engine.containers.factsOf(record.id);
  engine.containers.delete(container);
  freeRange(engine, record.idRangeStart);
  engine.networks.leave(record.id);
  if (options.volumes || record.spec.autoRemove) engine.volumes.removeAnonymous(Object.values(record.volumes));
  engine.trash.discard(containerDir(engine.paths, record.id));
  engine.events.emit('container', record.id, 'destroy', facts);
  container.tellRemoved();
  await removeUnusedParents(engine, record);
}

/** Removes all that neither run nor are paused. */
export async function pruneContainers(engine: Engine): Promise<{ ids: string[]; reclaimedBytes: number }> {
  const ids: string[] = [];
  let reclaimedBytes = 0;
  for (const container of engine.containers.all()) {
    if (isActive(container.record.state) || isRestarting(container.record.state)) continue;
    const bytes = await folderBytes(containerDir(engine.paths, container.id));
    try {
      await removeContainer(engine, container.id, { force: false, volumes: false });
    } catch (error) {
      // It was started meanwhile.
      if (error instanceof EngineError) continue;
      throw error;
    }
    ids.push(container.id);
    reclaimedBytes += bytes;
  }
  return { ids, reclaimedBytes };
}

/** Looking at containers. */
import type { ContainerInfo } from '../protocol/container.ts';
import type { Container } from './container.ts';
import { isActive, isRestarting } from './container-state.ts';
import type { Engine } from './engine.ts';
import { folderBytes } from './folder-size.ts';
import { containerDir } from './paths.ts';

/** Newest first; without `all` only those that run, are paused or about to run again. */
export function listContainers(engine: Engine, all: boolean): ContainerInfo[] {
  const shown = engine.containers
    .all()
    .filter(({ record: { state } }) => all || isActive(state) || isRestarting(state));
  return shown.reverse().map(infoOf);
}

export function inspectContainer(engine: Engine, id: string): ContainerInfo {
  return infoOf(engine.containers.get(id));
}

export async function containerSize(engine: Engine, id: string): Promise<{ writableBytes: number }> {
  const { id: full } = engine.containers.get(id);
  return { writableBytes: await folderBytes(`${containerDir(engine.paths, full)}/rw/upper`) };
}

function infoOf({ record, health }: Container): ContainerInfo {
  const { id, name, createdAt, spec, state, restartCount, endpoints, idRangeStart, warnings, volumes } = record;
  const shown = isActive(state) ? endpoints : [];
  return {
    ...{ id, name, createdAt, spec, state, restartCount, warnings, volumes },
    endpoints: shown,
    ...(health !== undefined && { health }),
    ...(idRangeStart !== undefined && { idRangeStart }),
  };
}

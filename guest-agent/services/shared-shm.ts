/** /dev/shm of containers whose IPC namespace others may join: a tmpfs of the guest, for as long as its owner runs. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { isActive } from './container-state.ts';
import type { Container } from './container.ts';
import type { Engine } from './engine.ts';
import { joined } from './joins.ts';
import { sharedShm, sharedShmsDir } from './paths.ts';

type Undo = (() => void)[];

/** Mounts it for an owner, until `undo`; finds that of whom the container joins. Undefined: it has one of its own. */
export async function shmOf(engine: Engine, { record }: Container, undo: Undo): Promise<string | undefined> {
  const { ipc } = record.spec.namespaces;
  const owner = joined(ipc);
  if (owner !== undefined) return shmOfOwner(engine, owner);
  if (ipc !== 'shareable') return undefined;
  const target = sharedShm(engine.paths, record.id);
  const options = `nosuid,nodev,noexec,mode=1777,size=${record.spec.shmBytes}`;
  mkdirSync(dirname(target), { recursive: true });
  const why = 'shared memory of an IPC namespace';
  await engine.mounts.mount({ type: 'tmpfs', source: 'shm', target, options, why });
  keepShm(engine, record.id, undo);
  return target;
}

/** That of an owner that runs already goes with it, too. */
export function keepShm(engine: Engine, id: string, undo: Undo): void {
  undo.push(() => void engine.mounts.unmount(sharedShm(engine.paths, id)));
}

/** Those whose owners have ended while no agent was there. */
export async function unmountUnused(engine: Engine): Promise<void> {
  const active = engine.containers.all().filter(({ record }) => isActive(record.state));
  const used = new Set(active.map(({ id }) => sharedShm(engine.paths, id)));
  for (const target of engine.mounts.beneath(sharedShmsDir(engine.paths)))
    if (!used.has(target)) await engine.mounts.unmount(target);
}

/** Of whose IPC namespace it is, also by way of others that share it. */
function shmOfOwner(engine: Engine, id: string): string | undefined {
  const ipc = engine.containers.find(id)?.record.spec.namespaces.ipc;
  const owner = joined(ipc ?? '');
  if (owner !== undefined) return shmOfOwner(engine, owner);
  return ipc === 'shareable' ? sharedShm(engine.paths, id) : undefined;
}

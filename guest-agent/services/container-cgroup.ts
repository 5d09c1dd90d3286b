/** Cgroups of containers when they are not needed any more. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isLeaf, unsharePrefix } from '../plan/cgroup-parent.ts';
import { isActive } from './container-state.ts';
import type { Engine } from './engine.ts';
import * as place from './paths.ts';
import type { ContainerRecord } from './records.ts';

type Subject = Pick<ContainerRecord, 'id' | 'spec'>;

/** Ends whatever the first process left behind, and removes the cgroup, after those who wait have their answers. */
export async function cleanCgroup(engine: Engine, subject: Subject): Promise<void> {
  await nextTurn();
  await removeLeaf(engine, place.cgroupDir(engine.paths, subject));
  await removeUnusedParents(engine, subject);
}

/** Innermost first; what has others in it stays. */
export async function removeUnusedParents(engine: Engine, subject: Subject): Promise<void> {
  for (const parent of place.cgroupParentDirs(engine.paths, subject).reverse()) await removeUnused(engine, parent);
}

/** Those that the store does not know, wherever they are, with their processes. */
export async function removeUnknownCgroups(engine: Engine): Promise<void> {
  const active = engine.containers.all().filter(({ record }) => isActive(record.state));
  const known = new Set(active.map(({ record }) => place.cgroupDir(engine.paths, record)));
  await removeUnknownIn(engine, place.cgroupRoot(engine.paths), known);
}

async function removeUnknownIn(engine: Engine, folder: string, known: ReadonlySet<string>): Promise<void> {
  const entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  await Promise.all(
    entries.map(async ({ name }) => {
      const path = join(folder, name);
      if (known.has(path)) return;
      // Shells of `unshare` are not in the store, and run on.
      if (name.startsWith(unsharePrefix)) return engine.effects.removeEmptyCgroup(path);
      if (isLeaf(name)) return removeLeaf(engine, path);
      await removeUnknownIn(engine, path, known);
      await removeUnused(engine, path);
    }),
  );
}

async function removeLeaf(engine: Engine, path: string): Promise<void> {
  try {
    await engine.effects.removeCgroup(path);
  } catch {
    // A process in an uninterruptible sleep keeps it; the next start of the container or of the agent meets it again.
  }
}

/**
 * Looked at and removed in one turn: a container that starts is in the registry as such before its monitor makes what it
 * needs.
 */
async function removeUnused(engine: Engine, parent: string): Promise<void> {
  const inUse = engine.containers
    .all()
    .some(
      ({ record }) =>
        (isActive(record.state) || record.starting === true) &&
        place.cgroupParentDirs(engine.paths, record).includes(parent),
    );
  if (!inUse) await engine.effects.removeEmptyCgroup(parent);
}

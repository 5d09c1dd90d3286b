/** What a volume has at its first use: the image's own folder at the place where it is mounted. */
import { mkdirSync, statSync } from 'node:fs';
import { readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Effects } from '../effects/effects.ts';
import { diskFullHint, EngineError } from '../protocol/errors.ts';
import { folderBytes } from './folder-size.ts';
import type { Mounts } from './mounts.ts';
import type { Paths } from './paths.ts';
import { resolveBeneath } from './resolve-beneath.ts';

export interface VolumeFill {
  /** Mount points of the image's layers, bottom first. */
  readonly layers: readonly string[];
  /** In the container. */
  readonly target: string;
  /** The volume's folder. */
  readonly data: string;
  /** Tells apart what is filled at the same time. */
  readonly key: string;
}

/**
 * The layers are looked at together, so that what an upper one deletes is not there.
 * @throws EngineError `disk-full`; the volume is as empty as it was.
 */
export async function fillVolume(
  engine: { mounts: Mounts; paths: Paths; effects: Effects },
  { layers, target, data, key }: VolumeFill,
): Promise<void> {
  const [only, ...others] = layers;
  if (only === undefined) return;
  if (others.length === 0) return copyFolder(engine.effects, only, { target, data });
  const merged = join(engine.paths.run, 'fill', key.slice(0, 32));
  mkdirSync(merged, { recursive: true });
  const options = `ro,lowerdir=${[...layers].reverse().join(':')}`;
  await engine.mounts.mount({
    type: 'overlay',
    source: 'overlay',
    target: merged,
    options,
    why: 'the image, to fill a volume from',
  });
  try {
    await copyFolder(engine.effects, merged, { target, data });
  } finally {
    await engine.mounts.unmount(merged);
  }
}

async function copyFolder(
  effects: Effects,
  root: string,
  { target, data }: { target: string; data: string },
): Promise<void> {
  const from = resolveBeneath(root, target);
  if (from === undefined || statSync(from, { throwIfNoEntry: false })?.isDirectory() !== true) return;
  // The blocks that a full disk keeps back are not for volumes.
  const [needed, { bavail, bsize }] = await Promise.all([folderBytes(from), statfs(data)]);
  if (needed > bavail * bsize)
    throw new EngineError('disk-full', `The image's ${target} does not fit on the data disk, for a volume.`, {
      hint: diskFullHint,
    });
  try {
    await effects.copyTree(from, data);
  } catch (error) {
    // What is half filled would be taken for filled.
    for (const name of await readdir(data)) await rm(join(data, name), { recursive: true, force: true });
    throw error;
  }
}

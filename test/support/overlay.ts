/** Stacks layers' images by the kernel's overlayfs, as a container's root does. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildLayerImage } from '../../app/content/layer/build.ts';
import { withErofs } from './erofs-mount.ts';

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes);
}

/**
 * Builds each archive's image, checks and mounts it, and calls `work` with the folder that shows all of them as one.
 * @param layers tar archives, bottom first
 */
export async function withOverlay<T>(
  scratch: string,
  layers: readonly Buffer[],
  work: (view: string) => T,
): Promise<T> {
  const mounted: string[] = [];
  const view = join(scratch, 'merged');
  mkdirSync(view, { recursive: true });
  const mount = async (): Promise<T> => {
    const tar = layers[mounted.length];
    if (!tar) return merged();
    const point = join(scratch, `layer-${mounted.length}`);
    const target = `${point}.erofs`;
    const diffId = `sha256:${createHash('sha256').update(tar).digest('hex')}`;
    await buildLayerImage(once(tar), { layer: target, diffId, target });
    mounted.unshift(point);
    try {
      return await withErofs(target, point, mount);
    } finally {
      rmSync(target);
    }
  };
  const merged = (): T => {
    execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', `ro,lowerdir=${mounted.join(':')}`, view]);
    try {
      return work(view);
    } finally {
      execFileSync('umount', [view]);
    }
  };
  return mount();
}

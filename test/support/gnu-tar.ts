/** Holds a layer's image, mounted by the kernel, against what GNU tar unpacks from the same archive. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildLayerImage } from '../../app/content/layer/build.ts';
import { withErofs } from './erofs-mount.ts';
import { listTree } from './tree.ts';

export const tar = (...args: string[]): Buffer =>
  execFileSync('tar', args, { stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 28 });

export async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) hash.update(piece);
  return `sha256:${hash.digest('hex')}`;
}

/** Unpacks with everything that an archive can tell of a file. */
export function unpackByTar(archive: string, folder: string, ...more: string[]): void {
  const all = ['--numeric-owner', '--xattrs', '--xattrs-include=*', '--delay-directory-restore'];
  tar('-C', folder, '-xpf', archive, ...all, ...more);
}

/**
 * Builds the layer twice (the bytes must be the same), checks it with fsck.erofs, and compares every entry with GNU
 * tar's.
 * @param scratch a folder that the caller removes
 * @returns how many entries there are
 */
export async function equalsGnuTar(archive: string, scratch: string): Promise<number> {
  const unpacked = join(scratch, 'unpacked');
  const target = join(scratch, 'image.erofs');
  const again = join(scratch, 'again.erofs');
  mkdirSync(unpacked);
  try {
    unpackByTar(archive, unpacked);
    const diffId = await sha256(archive);
    for (const [path, highWaterMark] of [
      [target, 10_000],
      [again, 65_536],
    ] as const)
      await buildLayerImage(createReadStream(archive, { highWaterMark }) as AsyncIterable<Buffer>, {
        layer: archive,
        diffId,
        target: path,
      });
    assert.equal(await sha256(again), await sha256(target), 'the same layer gives the same bytes');
    const mounted = join(scratch, 'mounted');
    const expected = listTree(unpacked);
    const actual = await withErofs(target, mounted, () => listTree(mounted));
    // An archive need not describe its root: tar then leaves the folder as it was.
    if (!/^\.?\/?\n/.test(tar('-Ptf', archive).toString())) for (const tree of [expected, actual]) tree.delete('');
    assert.deepEqual(actual, expected);
    return actual.size;
  } finally {
    for (const path of [unpacked, target, again]) rmSync(path, { recursive: true, force: true });
  }
}

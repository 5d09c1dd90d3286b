/** Which of several images in the cache counts, and which may go: the newest manifest is the one that was asked for last. */
import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { GuestArch } from './inputs.ts';

/** The one before stays, so that switching between two states of the sources builds nothing. */
const KEPT = 2;

export async function markAsChosen(folder: string): Promise<void> {
  const now = new Date();
  await utimes(join(folder, 'manifest.json'), now, now);
}

/** Removes all but the newest images of `arch`. A running machine keeps the files that it has open. */
export async function prune(images: string, arch: GuestArch): Promise<void> {
  const names = (await readdir(images)).filter((name) => name.startsWith(`${arch}-`));
  const dated = await Promise.all(names.map(async (name) => ({ name, made: await madeAt(join(images, name)) })));
  const old = dated.sort((a, b) => b.made - a.made).slice(KEPT);
  for (const { name } of old) await rm(join(images, name), { recursive: true, force: true });
}

async function madeAt(folder: string): Promise<number> {
  return stat(join(folder, 'manifest.json')).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}

/** Skips a build step whose inputs are those of the last time and whose outputs are still there. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

export const root = join(import.meta.dirname, '../..');

export interface Step {
  /** Names the stamp file in `dist/.stamps`. */
  readonly name: string;
  /** Hash of all that the step reads. */
  readonly key: string;
  readonly outputs: readonly string[];
  readonly build: () => Promise<void>;
}

/** @returns whether anything was built. A failed build leaves no stamp. */
export async function cached(step: Step): Promise<boolean> {
  const stamp = join(root, 'dist/.stamps', step.name);
  const last = await readFile(stamp, 'utf8').catch(() => '');
  if (last === step.key && step.outputs.every((path) => existsSync(path))) return false;
  await step.build();
  await mkdir(dirname(stamp), { recursive: true });
  await writeFile(stamp, step.key);
  return true;
}

/** Hash of the files below the given paths (relative to the root), by name and content, and of further words. */
export function keyOf(paths: readonly string[], ...words: string[]): string {
  const hash = createHash('sha256');
  for (const path of paths) {
    const full = resolve(root, path);
    const files = statSync(full).isDirectory() ? filesBelow(full) : [full];
    for (const file of files) hash.update(`${file.slice(root.length)}\0`).update(readFileSync(file));
  }
  for (const word of words) hash.update(`\0${word}`);
  return hash.digest('hex');
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Compiled code of the agent, kept on the data disk for its next start (NODE_COMPILE_CACHE, node:module). */
import { readdirSync, rmSync, statSync } from 'node:fs';
import { flushCompileCache, getCompileCacheDir } from 'node:module';
import { basename, dirname, join } from 'node:path';

/** Writes what has been compiled until now; nothing where none is kept. What other agents left goes. */
export function keepCode(): void {
  const folder = getCompileCacheDir();
  if (folder === undefined) return;
  flushCompileCache();
  forgetOthers(folder);
}

/**
 * The agent is one file, so the newest here is its own. Each Node has a folder of its own beside this one.
 * @param folder of this Node
 */
export function forgetOthers(folder: string): void {
  const all = dirname(folder);
  const others = readdirSync(all).filter((name) => name !== basename(folder));
  const files = readdirSync(folder).map((name) => join(folder, name));
  const age = new Map(files.map((path) => [path, statSync(path).mtimeMs]));
  const old = files.toSorted((a, b) => (age.get(b) ?? 0) - (age.get(a) ?? 0)).slice(1);
  for (const path of [...others.map((name) => join(all, name)), ...old]) rmSync(path, { recursive: true, force: true });
}

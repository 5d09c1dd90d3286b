/** Small text files of a container's root, read from its layers without mounting them together. */
import { lstatSync, readFileSync } from 'node:fs';
import { resolveBeneath } from './resolve-beneath.ts';

const limit = 4 * 1024 * 1024;

/**
 * The text of `path` in the topmost of `layers` (bottom first) that says something about it; empty when it is nowhere, was
 * deleted (a whiteout: character device 0/0, Documentation/filesystems/overlayfs), is no file, or is over 4 MiB.
 */
export function readImageFile(layers: readonly string[], path: string): string {
  for (const layer of [...layers].reverse()) {
    const file = resolveBeneath(layer, path);
    const stats = file === undefined ? undefined : lstatSync(file, { throwIfNoEntry: false });
    if (file === undefined || stats === undefined) continue;
    return stats.isFile() && stats.size <= limit ? readFileSync(file, 'utf8') : '';
  }
  return '';
}

/** Texts of images' files, the oldest forgotten first. An image's layers never change. */
const known = new Map<string, string>();
const knownTexts = 32;
const knownLength = 16 * 1024;

/**
 * As {@link readImageFile} of the layers with the container's writable folder on top; `path` is a file of a top folder, such
 * as `/etc/passwd`. A container that has changed nothing in that folder is answered from memory.
 */
export function readContainerFile(layers: readonly string[], upper: string, path: string): string {
  const folder = path.slice(0, path.indexOf('/', 1));
  const changed = lstatSync(`${upper}${folder}`, { throwIfNoEntry: false }) !== undefined;
  if (changed) return readImageFile([...layers, upper], path);
  const key = `${layers.join(':')}:${path}`;
  const text = known.get(key) ?? readImageFile(layers, path);
  if (text.length > knownLength) return text;
  known.delete(key);
  known.set(key, text);
  if (known.size > knownTexts) known.delete(known.keys().next().value ?? '');
  return text;
}

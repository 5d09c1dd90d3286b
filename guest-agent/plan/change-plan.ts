/**
 * From the archiver's comparison to Docker's list of changes: a folder is changed by a change in it, and by its owner or
 * mode, not by its time (moby, pkg/archive/changes.go).
 */
import type { FileChange } from '../protocol/archive.ts';

/** What a name is in the writable folder and in the image below it (launcher/archive_compare.c). */
export interface Compared {
  /** d: folder, f: anything else, w: whiteout, -: nothing (hidden by an opaque folder above it) */
  above: 'd' | 'f' | 'w' | '-';
  below: 'd' | 'f' | '-';
  /** Kind, owner, mode, and for what is no folder size and time. */
  same: boolean;
  path: string;
}

/** @param output of the archiver: `ab=path` with a NUL behind each */
export function parseCompared(output: string): Compared[] {
  return output
    .split('\0')
    .filter((record) => record !== '')
    .map((record) => ({
      above: record.charAt(0) as Compared['above'],
      below: record.charAt(1) as Compared['below'],
      same: record.charAt(2) === '=',
      path: record.slice(3),
    }));
}

export function planChanges(compared: readonly Compared[]): FileChange[] {
  const changes = new Map<string, FileChange['kind']>();
  const folders = new Set(
    compared.filter(({ above, below }) => above === 'd' && below === 'd').map(({ path }) => path),
  );
  for (const entry of compared) {
    const kind = kindOf(entry);
    if (kind === undefined) continue;
    changes.set(entry.path, kind);
    for (let at = parentOf(entry.path); folders.has(at) && !changes.has(at); at = parentOf(at)) changes.set(at, 'C');
  }
  return [...changes].map(([path, kind]) => ({ kind, path })).sort((a, b) => (a.path < b.path ? -1 : 1));
}

function kindOf({ above, below, same }: Compared): FileChange['kind'] | undefined {
  if (above === 'w' || above === '-') return below === '-' ? undefined : 'D';
  if (below === '-') return 'A';
  return same ? undefined : 'C';
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

import type { Removed } from '../../contract/stored-image.ts';

/** As Docker tells it. */
export function removedLines({ untagged, deleted }: Pick<Removed, 'untagged' | 'deleted'>): string[] {
  return [...untagged.map((name) => `Untagged: ${name}`), ...deleted.map((digest) => `Deleted: ${digest}`)];
}

import { parseTime } from '../flags/time.ts';
import { parseFilters } from '../views/container-filter.ts';

export const imageFilterKeys = ['until', 'label', 'label!'];

export interface ImagePruneFilter {
  readonly untilMs?: number;
  readonly labels: string[];
  readonly withoutLabels: string[];
}

/** `until` is a time or a duration before now; the last one counts. */
export function imagePruneFilter(values: readonly string[]): ImagePruneFilter {
  const filters = parseFilters(values, imageFilterKeys);
  const until = filters.get('until')?.at(-1);
  return {
    ...(until !== undefined && { untilMs: Number(BigInt(parseTime(until, Date.now(), '--filter')) / 1_000_000n) }),
    labels: [...(filters.get('label') ?? [])],
    withoutLabels: [...(filters.get('label!') ?? [])],
  };
}

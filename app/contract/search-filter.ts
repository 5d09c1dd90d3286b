/** Filters of a search for images. Pure. */
import { EngineError } from '../../guest-agent/protocol/errors.ts';
import { flagFilter, type Filters } from './container-filter.ts';
import type { SearchResult } from './registry.ts';

export const searchFilterKeys = ['is-automated', 'is-official', 'stars'];

/** What fits every filter; of several numbers of stars the highest counts. @throws EngineError `invalid-argument` */
export function selectResults(found: readonly SearchResult[], filters: Filters): SearchResult[] {
  const [automated, official] = [flagFilter(filters, 'is-automated'), flagFilter(filters, 'is-official')];
  const stars = Math.max(0, ...(filters.get('stars') ?? []).map(starsOf));
  return found.filter(
    (one) =>
      (automated === undefined || one.automated === automated) &&
      (official === undefined || one.official === official) &&
      one.stars >= stars,
  );
}

function starsOf(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new EngineError('invalid-argument', `invalid filter 'stars=${text}'`, { hint: 'Use a whole number.' });
}

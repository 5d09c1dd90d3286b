/** Rows of `search`, with Docker's field names. */
import type { SearchResult } from '../../contract/registry.ts';
import type { ListView } from '../format/list.ts';

export interface SearchRow {
  readonly Name: string;
  readonly Description: string;
  readonly StarCount: string;
  readonly IsOfficial: string;
}

export const searchView: ListView<SearchRow> = {
  columns: ['Name', 'Description', 'StarCount', 'IsOfficial'],
  titles: { Name: 'NAME', Description: 'DESCRIPTION', StarCount: 'STARS', IsOfficial: 'OFFICIAL' },
};

const longest = 45;

export function searchRow({ name, description, stars, official }: SearchResult, truncate: boolean): SearchRow {
  const line = description.replaceAll(/[\r\n]+/g, ' ');
  return {
    Name: name,
    Description: truncate && line.length > longest ? `${line.slice(0, longest - 1)}…` : line,
    StarCount: String(stars),
    IsOfficial: official ? '[OK]' : '',
  };
}

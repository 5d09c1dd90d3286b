import { searchFilterKeys, selectResults } from '../../contract/search-filter.ts';
import type { CommandSpec } from '../command/spec.ts';
import { parseInteger } from '../flags/numbers.ts';
import { formatList } from '../format/list.ts';
import { filterOption, listFormat, noTrunc } from '../shared/format-option.ts';
import { parseFilters } from '../views/container-filter.ts';
import { searchRow, searchView } from '../views/search-row.ts';

export const command: CommandSpec = {
  usage: '[REGISTRY/]WORDS',
  description: "Searches a registry for images; Docker Hub unless one is named. Whoever 'berth login' knows asks.",
  options: [
    { ...filterOption, help: `Show only what matches: ${searchFilterKeys.join(', ')}` },
    { name: 'limit', value: 'NUMBER', help: 'How many at most, 1 to 100 (default 25)' },
    noTrunc,
    listFormat,
  ],
  examples: [
    { line: 'berth search nginx', does: 'The best known first' },
    { line: 'berth search --filter is-official=true --limit 5 postgres', does: 'Official ones' },
  ],
  args: [1, 1],
  async run(context, { args: [term = ''], options }) {
    const filters = parseFilters(options.list('filter'), searchFilterKeys);
    const limit = parseInteger(options.text('limit') ?? '25', '--limit', { from: 1, to: 100 });
    const { api } = await context.connect('service');
    const found = selectResults(await api.images.search({ term, limit }), filters);
    const rows = found.map((one) => searchRow(one, !options.flag('no-trunc')));
    context.print(...formatList(rows, searchView, options.text('format')));
    return 0;
  },
};

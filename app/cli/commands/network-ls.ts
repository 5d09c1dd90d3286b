import type { CommandSpec } from '../command/spec.ts';
import { formatList } from '../format/list.ts';
import { filterOption, listFormat, noTrunc, quietIds } from '../shared/format-option.ts';
import { matches } from '../../contract/container-filter.ts';
import { parseFilters } from '../views/container-filter.ts';
import { networkRow, networkView } from '../views/network-row.ts';

const filterKeys = ['name', 'id', 'driver'];

export const command: CommandSpec = {
  usage: '',
  description: 'Lists networks.',
  options: [
    quietIds,
    noTrunc,
    { ...filterOption, help: `Show only what matches: ${filterKeys.join(', ')}` },
    listFormat,
  ],
  examples: [{ line: 'berth network ls', does: 'All' }],
  args: [0, 0],
  async run(context, { options }) {
    const filters = parseFilters(options.list('filter'), filterKeys);
    const any = (key: string, test: (value: string) => boolean) => filters.get(key)?.some(test) ?? true;
    const { api } = await context.connect('running');
    const found = (await api.networks.list({})).filter(
      ({ name, id, driver }) =>
        any('name', (value) => matches(name, value)) &&
        any('id', (value) => id.startsWith(value)) &&
        any('driver', (value) => driver === value),
    );
    const rows = found.map((network) => networkRow(network, !options.flag('no-trunc')));
    if (options.flag('quiet')) context.print(...rows.map(({ ID }) => ID));
    else context.print(...formatList(rows, networkView, options.text('format')));
    return 0;
  },
};

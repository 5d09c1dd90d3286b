import type { CommandSpec } from '../command/spec.ts';
import { formatList } from '../format/list.ts';
import { filterOption, listFormat, quietIds } from '../shared/format-option.ts';
import { hasLabel, matches } from '../../contract/container-filter.ts';
import { parseFilters } from '../views/container-filter.ts';
import { volumeRow, volumeView } from '../views/volume-row.ts';

const filterKeys = ['name', 'label', 'dangling'];

export const command: CommandSpec = {
  usage: '',
  description: 'Lists volumes.',
  options: [quietIds, { ...filterOption, help: `Show only what matches: ${filterKeys.join(', ')}` }, listFormat],
  examples: [{ line: 'berth volume ls --filter dangling=true', does: 'Those that no container refers to' }],
  args: [0, 0],
  async run(context, { options }) {
    const filters = parseFilters(options.list('filter'), filterKeys);
    const names = filters.get('name') ?? [];
    const dangling = filters.get('dangling')?.at(-1);
    const { api } = await context.connect('running');
    const found = (await api.volumes.list({})).filter(
      (volume) =>
        (names.length === 0 || names.some((name) => matches(volume.name, name))) &&
        (filters.get('label') ?? []).every((label) => hasLabel(volume.labels, label)) &&
        (dangling === undefined || (volume.containers.length === 0) === (dangling !== 'false')),
    );
    if (options.flag('quiet')) context.print(...found.map(({ name }) => name));
    else context.print(...formatList(found.map(volumeRow), volumeView, options.text('format')));
    return 0;
  },
};

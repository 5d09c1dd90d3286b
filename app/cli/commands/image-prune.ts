import type { CommandSpec } from '../command/spec.ts';
import { decimalSize } from '../flags/bytes.ts';
import { confirm } from '../shared/confirm.ts';
import { forceOption } from '../shared/format-option.ts';
import { imageFilterKeys, imagePruneFilter } from '../shared/image-prune-filter.ts';
import { removedLines } from '../shared/removed-images.ts';

export const command: CommandSpec = {
  usage: '',
  description:
    'Removes images without a name; with --all every image that no container of a running machine is made of.\n' +
    'The engine need not run. The figure is what the disk of this host got back.',
  options: [
    { name: 'all', short: 'a', help: 'Images with a name, too' },
    { name: 'filter', value: 'KEY=VALUE', list: true, help: `Only what matches: ${imageFilterKeys.join(', ')}` },
    forceOption,
  ],
  examples: [
    { line: 'berth image prune -f', does: 'Without being asked' },
    { line: 'berth image prune -a --filter until=240h', does: 'Unused ones made over ten days ago' },
  ],
  args: [0, 0],
  async run(context, { options }) {
    const all = options.flag('all');
    const filter = imagePruneFilter(options.list('filter'));
    const which = all ? 'all images that no container uses' : 'all images without a name';
    if (!options.flag('force') && !(await confirm(`Remove ${which}?`))) return 0;
    const { api } = await context.connect('service');
    const images = all ? 'all' : 'dangling';
    const result = await api.system.prune({ containers: false, volumes: 'none', images, ...filter });
    const lines = removedLines(result);
    if (lines.length > 0) context.print('Deleted Images:', ...lines, '');
    context.print(`Total reclaimed space: ${decimalSize(result.reclaimedBytes)}`);
    return 0;
  },
};

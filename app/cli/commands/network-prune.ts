import type { CommandSpec } from '../command/spec.ts';
import { confirm } from '../shared/confirm.ts';
import { forceOption } from '../shared/format-option.ts';

export const command: CommandSpec = {
  usage: '',
  description: 'Removes all networks of yours that no running container is on.',
  options: [forceOption],
  examples: [{ line: 'berth network prune -f', does: 'Without being asked' }],
  args: [0, 0],
  async run(context, { options }) {
    if (!options.flag('force') && !(await confirm('Remove all networks that no running container is on?'))) return 0;
    const { api } = await context.connect('running');
    const { names } = await api.networks.prune({});
    context.print(...(names.length > 0 ? ['Deleted Networks:', ...names] : ['Nothing to remove.']));
    return 0;
  },
};

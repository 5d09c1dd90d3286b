import type { CommandSpec } from '../command/spec.ts';
import { decimalSize } from '../flags/bytes.ts';
import { confirm } from '../shared/confirm.ts';
import { forceOption } from '../shared/format-option.ts';

export const command: CommandSpec = {
  usage: '',
  description: 'Removes anonymous volumes that no container refers to; with --all named ones too.',
  options: [{ name: 'all', short: 'a', help: 'Named volumes too' }, forceOption],
  examples: [{ line: 'berth volume prune -f', does: 'Without being asked' }],
  args: [0, 0],
  async run(context, { options }) {
    const all = options.flag('all');
    const question = `Remove all ${all ? '' : 'anonymous '}volumes that no container refers to?`;
    if (!options.flag('force') && !(await confirm(question))) return 0;
    const { api } = await context.connect('running');
    const wanted = { containers: false, volumes: all ? 'all' : 'anonymous', images: 'none' } as const;
    const { volumes, reclaimedBytes } = await api.system.prune(wanted);
    if (volumes.length > 0) context.print('Deleted Volumes:', ...volumes, '');
    context.print(`Total reclaimed space: ${decimalSize(reclaimedBytes)}`);
    return 0;
  },
};

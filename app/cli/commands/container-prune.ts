import type { CommandSpec } from '../command/spec.ts';
import { decimalSize } from '../flags/bytes.ts';
import { confirm } from '../shared/confirm.ts';
import { forceOption } from '../shared/format-option.ts';

export const command: CommandSpec = {
  usage: '',
  description: 'Removes all containers that do not run.',
  options: [forceOption],
  examples: [{ line: 'berth container prune -f', does: 'Without being asked' }],
  args: [0, 0],
  async run(context, { options }) {
    if (!options.flag('force') && !(await confirm('Remove all containers that do not run?'))) return 0;
    const { api } = await context.connect('running');
    const wanted = { containers: true, volumes: 'none', images: 'none' } as const;
    const { containers, reclaimedBytes } = await api.system.prune(wanted);
    if (containers.length > 0) context.print('Deleted Containers:', ...containers, '');
    context.print(`Total reclaimed space: ${decimalSize(reclaimedBytes)}`);
    return 0;
  },
};

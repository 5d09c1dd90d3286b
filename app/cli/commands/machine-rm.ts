import { anyNumber, type CommandSpec } from '../command/spec.ts';
import { confirm } from '../shared/confirm.ts';
import { forEach } from '../shared/for-each.ts';
import { forceOption } from '../shared/format-option.ts';

export const command: CommandSpec = {
  usage: 'NAME...',
  description: 'Stops machines and removes them with their disks: containers and volumes are gone. Images stay.',
  options: [forceOption],
  examples: [{ line: 'berth machine rm test', does: 'One machine' }],
  args: [1, anyNumber],
  completeArgument: 'machine',
  async run(context, { args, options }) {
    const question = `Remove ${args.join(', ')} with all containers and volumes in it?`;
    if (!options.flag('force') && !(await confirm(question))) return 0;
    const { api } = await context.connect('service');
    return forEach(context, args, async (name) => {
      await api.machines.remove({ name });
      return name;
    });
  },
};

import { anyNumber, type CommandSpec } from '../command/spec.ts';
import { forEach } from '../shared/for-each.ts';

export const command: CommandSpec = {
  usage: 'VOLUME...',
  description: 'Removes volumes with what is in them.',
  options: [{ name: 'force', short: 'f', help: 'Absent ones are no error' }],
  examples: [{ line: 'berth volume rm data', does: 'One volume' }],
  args: [1, anyNumber],
  completeArgument: 'volume',
  async run(context, { args, options }) {
    const { api } = await context.connect('running');
    return forEach(context, args, async (name) => {
      await api.volumes.remove({ name, force: options.flag('force') });
      return name;
    });
  },
};

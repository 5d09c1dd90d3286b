import { anyNumber, type CommandSpec } from '../command/spec.ts';
import { forEach } from '../shared/for-each.ts';

export const command: CommandSpec = {
  usage: 'CONTAINER...',
  description: 'Lets the processes of paused containers go on.',
  options: [],
  examples: [{ line: 'berth unpause web', does: 'One container' }],
  args: [1, anyNumber],
  completeArgument: 'running',
  async run(context, { args }) {
    const { api } = await context.connect('running');
    return forEach(context, args, async (id) => {
      await api.containers.unpause({ id });
      return id;
    });
  },
};

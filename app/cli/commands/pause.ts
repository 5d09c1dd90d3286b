import { anyNumber, type CommandSpec } from '../command/spec.ts';
import { forEach } from '../shared/for-each.ts';

export const command: CommandSpec = {
  usage: 'CONTAINER...',
  description: 'Freezes all processes of containers (cgroup freezer).',
  options: [],
  examples: [{ line: 'berth pause web', does: 'One container' }],
  args: [1, anyNumber],
  completeArgument: 'running',
  async run(context, { args }) {
    const { api } = await context.connect('running');
    return forEach(context, args, async (id) => {
      await api.containers.pause({ id });
      return id;
    });
  },
};

import type { CommandSpec } from '../command/spec.ts';

export const command: CommandSpec = {
  usage: 'CONTAINER NEW-NAME',
  description: 'Gives a container another name.',
  options: [],
  examples: [{ line: 'berth rename web old-web', does: 'Make room for a new web' }],
  args: [2, 2],
  completeArgument: 'container',
  async run(context, { args: [id = '', name = ''] }) {
    const { api } = await context.connect('running');
    await api.containers.rename({ id, name });
    return 0;
  },
};

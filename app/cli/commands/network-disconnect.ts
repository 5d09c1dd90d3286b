import type { CommandSpec } from '../command/spec.ts';

export const command: CommandSpec = {
  usage: 'NETWORK CONTAINER',
  description: 'Takes a container off a network, also while it runs.',
  options: [{ name: 'force', short: 'f', help: 'It is no error that it is not on it' }],
  examples: [{ line: 'berth network disconnect web postgres', does: 'One container' }],
  args: [2, 2],
  completeArgument: 'network',
  async run(context, { args: [network = '', container = ''], options }) {
    const { api } = await context.connect('running');
    await api.networks.disconnect({ network, container, force: options.flag('force') });
    return 0;
  },
};

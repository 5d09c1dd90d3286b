import { anyNumber, type CommandSpec } from '../command/spec.ts';
import { EngineError } from '../../base/error.ts';
import { forEach } from '../shared/for-each.ts';

export const command: CommandSpec = {
  usage: 'NETWORK...',
  description: 'Removes networks that no running container is on.',
  options: [{ name: 'force', short: 'f', help: 'Absent ones are no error' }],
  examples: [{ line: 'berth network rm web', does: 'One network' }],
  args: [1, anyNumber],
  completeArgument: 'network',
  async run(context, { args, options }) {
    const { api } = await context.connect('running');
    return forEach(context, args, async (network) => {
      try {
        await api.networks.remove({ network });
      } catch (error) {
        const absent = error instanceof EngineError && error.code === 'no-such-network';
        if (!absent || !options.flag('force')) throw error;
      }
      return network;
    });
  },
};

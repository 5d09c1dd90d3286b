import { EngineError } from '../../base/error.ts';
import { anyNumber, type CommandSpec } from '../command/spec.ts';
import { forEach } from '../shared/for-each.ts';

export const command: CommandSpec = {
  usage: 'CONTAINER...',
  description: 'Removes containers with what they wrote, and their anonymous volumes with -v.',
  options: [
    { name: 'force', short: 'f', help: 'Also those that run (killed first); absent ones are no error' },
    { name: 'volumes', short: 'v', help: 'Remove anonymous volumes too' },
  ],
  examples: [
    { line: 'berth rm web', does: 'Remove one that has ended' },
    { line: 'berth rm -f $(berth ps -aq)', does: 'Remove all' },
  ],
  args: [1, anyNumber],
  completeArgument: 'container',
  async run(context, { args, options }) {
    const { api } = await context.connect('running');
    const force = options.flag('force');
    return forEach(context, args, async (id) => {
      try {
        await api.containers.remove({ id, force, volumes: options.flag('volumes') });
      } catch (error) {
        if (force && error instanceof EngineError && error.code === 'no-such-container') return undefined;
        throw error;
      }
      return id;
    });
  },
};

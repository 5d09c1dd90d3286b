import { anyNumber, type CommandSpec } from '../command/spec.ts';
import { forEach } from '../shared/for-each.ts';

export const command: CommandSpec = {
  usage: 'CONTAINER...',
  description: 'Waits until containers have ended and prints their exit codes.',
  options: [],
  examples: [{ line: 'berth wait job', does: 'Prints 0 when it went well' }],
  args: [1, anyNumber],
  completeArgument: 'running',
  async run(context, { args }) {
    const { api } = await context.connect('running');
    return forEach(context, args, async (id) => {
      const { exitCode } = await api.containers.wait({ id, condition: 'not-running' });
      return String(exitCode);
    });
  },
};

import { anyNumber, type CommandSpec } from '../command/spec.ts';
import { signalNumbers } from '../../contract/signal-numbers.ts';
import { parseSignal } from '../flags/signals.ts';
import { forEach } from '../shared/for-each.ts';

export const command: CommandSpec = {
  usage: 'CONTAINER...',
  description: "Sends a signal to the containers' first process.",
  options: [
    {
      name: 'signal',
      short: 's',
      value: 'SIGNAL',
      help: 'Which (default KILL)',
      complete: Object.keys(signalNumbers),
    },
  ],
  examples: [
    { line: 'berth kill web', does: 'End it at once' },
    { line: 'berth kill -s HUP web', does: 'Ask it to read its settings again' },
  ],
  args: [1, anyNumber],
  completeArgument: 'running',
  async run(context, { args, options }) {
    const signal = parseSignal(options.text('signal') ?? 'KILL');
    const { api } = await context.connect('running');
    return forEach(context, args, async (id) => {
      await api.containers.kill({ id, signal });
      return id;
    });
  },
};

import type { CommandSpec } from '../command/spec.ts';
import { parseInteger } from '../flags/numbers.ts';

export const command: CommandSpec = {
  usage: '',
  description: "Shows the last lines that the guest's kernel and init have printed, also after it has ended.",
  options: [{ name: 'lines', short: 'n', value: 'NUMBER', help: 'How many (default 100)' }],
  examples: [{ line: 'berth console -n 20', does: 'The last 20' }],
  args: [0, 0],
  async run(context, { options }) {
    const lines = parseInteger(options.text('lines') ?? '100', '--lines', { from: 1, to: 100_000 });
    const { api } = await context.connect('service');
    const { text } = await api.engine.console({ lines });
    if (text !== '') context.print(text.replace(/\n$/, ''));
    return 0;
  },
};

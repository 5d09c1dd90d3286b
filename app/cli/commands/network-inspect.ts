import { anyNumber, type CommandSpec } from '../command/spec.ts';
import { inspectFormat } from '../shared/format-option.ts';
import { inspectEach } from '../shared/inspect-each.ts';
import { inspectors } from '../shared/inspectors.ts';

export const command: CommandSpec = {
  usage: 'NETWORK...',
  description: 'Shows all that is known of networks.',
  options: [inspectFormat],
  examples: [{ line: 'berth network inspect bridge', does: 'The default network' }],
  args: [1, anyNumber],
  completeArgument: 'network',
  async run(context, { args, options }) {
    const client = await context.connect('running');
    return inspectEach(context, args, options.text('format'), (name) =>
      inspectors.network(client, { name, size: false }),
    );
  },
};

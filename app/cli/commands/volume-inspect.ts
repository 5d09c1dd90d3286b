import { anyNumber, type CommandSpec } from '../command/spec.ts';
import { inspectFormat } from '../shared/format-option.ts';
import { inspectEach } from '../shared/inspect-each.ts';
import { inspectors } from '../shared/inspectors.ts';

export const command: CommandSpec = {
  usage: 'VOLUME...',
  description: 'Shows all that is known of volumes.',
  options: [inspectFormat],
  examples: [{ line: "berth volume inspect -f '{{.Mountpoint}}' data", does: 'Where it is in the guest' }],
  args: [1, anyNumber],
  completeArgument: 'volume',
  async run(context, { args, options }) {
    const client = await context.connect('running');
    return inspectEach(context, args, options.text('format'), (name) =>
      inspectors.volume(client, { name, size: false }),
    );
  },
};

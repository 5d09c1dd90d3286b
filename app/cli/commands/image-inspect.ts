import { anyNumber, type CommandSpec } from '../command/spec.ts';
import { inspectFormat } from '../shared/format-option.ts';
import { inspectEach } from '../shared/inspect-each.ts';
import { inspectors } from '../shared/inspectors.ts';

export const command: CommandSpec = {
  usage: 'IMAGE...',
  description: 'Shows all that is known of images. The engine need not run.',
  options: [inspectFormat],
  examples: [{ line: "berth image inspect -f '{{json .Config}}' busybox", does: 'Its configuration' }],
  args: [1, anyNumber],
  completeArgument: 'image',
  async run(context, { args, options }) {
    const client = await context.connect('service');
    return inspectEach(context, args, options.text('format'), (name) =>
      inspectors.image(client, { name, size: false }),
    );
  },
};

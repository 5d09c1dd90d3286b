import type { CommandSpec } from '../command/spec.ts';

export const command: CommandSpec = {
  usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  description: 'Gives an image one more name. An image that had the name loses it. The engine need not run.',
  options: [],
  examples: [
    { line: 'berth tag busybox registry.example.com/busybox:1', does: 'Ready to be pushed' },
    { line: 'berth image tag busybox other', does: 'The same verb' },
  ],
  args: [2, 2],
  completeArgument: 'image',
  async run(context, { args: [source = '', target = ''] }) {
    const { api } = await context.connect('service');
    await api.images.tag({ source, target });
    return 0;
  },
};

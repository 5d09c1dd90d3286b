import { EngineError } from '../../base/error.ts';
import { anyNumber, type CommandSpec } from '../command/spec.ts';
import { forEach } from '../shared/for-each.ts';
import { removedLines } from '../shared/removed-images.ts';

export const command: CommandSpec = {
  usage: 'IMAGE...',
  description:
    'Takes names away from images; an image goes with its last name, or by its ID. The engine need not run.\n' +
    'Images that containers of a running machine are made of are refused. What a stopped machine uses stays in it.',
  options: [
    { name: 'force', short: 'f', help: 'All names of an ID; also images that are in use; absent ones are no error' },
    { name: 'no-prune', help: 'Accepted; there are no intermediate images' },
  ],
  examples: [
    { line: 'berth rmi example/app:1', does: 'One name' },
    { line: 'berth rmi -f 3f1c2a', does: 'An image with all its names' },
    { line: 'berth image rm example/app:1', does: 'The same' },
  ],
  args: [1, anyNumber],
  completeArgument: 'image',
  async run(context, { args, options }) {
    const { api } = await context.connect('service');
    const force = options.flag('force');
    return forEach(context, args, async (reference) => {
      try {
        return removedLines(await api.images.remove({ reference, force })).join('\n');
      } catch (error) {
        if (force && error instanceof EngineError && error.code === 'no-such-image') return undefined;
        throw error;
      }
    });
  },
};

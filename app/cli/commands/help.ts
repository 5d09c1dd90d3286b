import { anyNumber, type CommandSpec } from '../command/spec.ts';
import { findCommand } from '../command/find.ts';
import { commandHelp, familyHelp } from '../command/help.ts';
import { commandTree } from '../command/tree.ts';

export const command: CommandSpec = {
  usage: '[COMMAND...]',
  description: 'Explains a command, with examples.',
  options: [],
  examples: [{ line: 'berth help run', does: 'Same as berth run --help' }],
  args: [0, anyNumber],
  async run(context, { args }) {
    if (args.length === 0) {
      context.print(
        ...familyHelp('berth', 'Linux containers from kernel primitives, in a light virtual machine.', commandTree),
      );
      return 0;
    }
    const { entry, path } = findCommand(args);
    const loaded = await entry.load?.();
    context.print(
      ...(loaded === undefined
        ? familyHelp(path, entry.summary, entry.children ?? [])
        : commandHelp(path, loaded.command)),
    );
    return 0;
  },
};

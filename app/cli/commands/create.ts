import { anyNumber, type CommandSpec } from '../command/spec.ts';
import { exitCode } from '../exit-code.ts';
import { makeContainer, readRun } from '../run/make.ts';
import { runOptions } from '../run/options.ts';
import { quietStart } from '../shared/format-option.ts';

export const command: CommandSpec = {
  usage: 'IMAGE [COMMAND] [ARG...]',
  description: "Makes a container and prints its id; 'berth start' runs it.",
  options: [...runOptions, quietStart],
  examples: [
    { line: 'berth create --name db -v data:/var/lib busybox sleep 60', does: 'Make it' },
    { line: 'berth start db', does: 'Run it' },
  ],
  args: [1, anyNumber],
  stopAtArgument: true,
  completeArgument: 'image',
  failureExit: exitCode.berth,
  async run(context, input) {
    const config = readRun(context, input, false);
    const client = await context.connect('engine', input.options.flag('quiet'));
    context.print(await makeContainer(context, client, input, { config }));
    return 0;
  },
};

import { anyNumber, type CommandSpec } from '../command/spec.ts';
import { completeWords } from '../completion/complete.ts';
import { liveNames } from '../completion/live-names.ts';

/** Called by the completion scripts with the words typed so far; the last one is being typed. */
export const command: CommandSpec = {
  usage: '-- WORD...',
  description: 'Prints the words that may come next, one a line, each with a tab and its meaning when it has one.',
  options: [],
  examples: [],
  args: [0, anyNumber],
  stopAtArgument: true,
  async run(context, { args }) {
    const offers = await completeWords(args, (kind) => liveNames(context, kind));
    context.print(...offers.map(({ word, about }) => (about === '' ? word : `${word}\t${about}`)));
    return 0;
  },
};

import type { CommandSpec } from '../command/spec.ts';
import { withTransfers } from '../shared/transfer.ts';

export const command: CommandSpec = {
  usage: 'IMAGE[:TAG]',
  description:
    'Sends an image to the registry that its name begins with, after "berth login" where that wants to know who you are.\n' +
    'What is there already is not sent again. The engine need not run.',
  options: [{ name: 'quiet', short: 'q', help: 'Print only the name' }],
  examples: [
    { line: 'berth push localhost:5000/app', does: 'To a registry of your own' },
    { line: 'berth push ghcr.io/team/app:1.2', does: 'To another one' },
  ],
  args: [1, 1],
  completeArgument: 'image',
  async run(context, { args: [reference = ''], options }) {
    const quiet = options.flag('quiet');
    const client = await context.connect('service');
    const pushed = await withTransfers(client, quiet, (transfer) => client.api.images.push({ reference, transfer }));
    if (pushed.leftOut.length > 0)
      context.note(`warning: not here, and left out of what was pushed: ${pushed.leftOut.join(', ')}`);
    if (quiet) context.print(pushed.reference);
    else context.print(`${pushed.reference}: digest: ${pushed.digest} size: ${pushed.sizeBytes}`);
    return 0;
  },
};

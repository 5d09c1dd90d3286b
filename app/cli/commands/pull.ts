import type { CommandSpec } from '../command/spec.ts';
import { withTransfers } from '../shared/transfer.ts';

export const command: CommandSpec = {
  usage: 'IMAGE[:TAG|@DIGEST]',
  description:
    'Fetches an image from its registry. What is here already is not fetched again, and what an earlier pull has left\n' +
    'is gone on with. The engine need not run.',
  options: [
    {
      name: 'platform',
      value: 'OS/ARCH[/VARIANT]',
      help: "Instead of this machine's",
      complete: ['linux/amd64', 'linux/arm64'],
    },
    { name: 'all-platforms', help: 'Every platform of Linux that the image has' },
    { name: 'quiet', short: 'q', help: 'Print only the name' },
  ],
  examples: [
    { line: 'berth pull debian', does: 'The latest Debian of Docker Hub' },
    { line: 'berth pull ghcr.io/team/app:1.2', does: 'Of another registry' },
    { line: 'berth pull --platform linux/arm64 redis', does: 'For another processor' },
  ],
  args: [1, 1],
  async run(context, { args: [reference = ''], options }) {
    const quiet = options.flag('quiet');
    const client = await context.connect('service');
    const wanted = { reference, platform: options.text('platform'), allPlatforms: options.flag('all-platforms') };
    const pulled = await withTransfers(client, quiet, (transfer) => client.api.images.pull({ ...wanted, transfer }));
    const status = pulled.upToDate ? 'Image is up to date for' : 'Downloaded newer image for';
    if (!quiet) context.print(`Digest: ${pulled.digest}`, `Status: ${status} ${pulled.reference}`);
    context.print(pulled.reference);
    return 0;
  },
};

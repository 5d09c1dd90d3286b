import { isAbsolute } from 'node:path';
import type { CommandSpec } from '../command/spec.ts';
import { usageError } from '../command/usage-error.ts';
import { decimalSize } from '../flags/bytes.ts';
import { guardInterrupt } from '../run/interrupt.ts';
import { parsePlace } from '../copy/copy-plan.ts';

export const command: CommandSpec = {
  usage: 'CONTAINER:SRC_PATH DEST_PATH|- | SRC_PATH|- CONTAINER:DEST_PATH',
  description:
    'Copies files between a container, running or not, and this host. A folder is copied with all in it; with "/." at its end, what is in it. "-" is a tar archive on standard input or output.',
  options: [
    { name: 'archive', short: 'a', help: 'Keep owners, as far as the destination has them' },
    { name: 'follow-link', short: 'L', help: 'Follow a symbolic link at SRC_PATH' },
    { name: 'quiet', short: 'q', help: 'Do not tell what was copied' },
  ],
  examples: [
    { line: 'berth cp web:/etc/nginx .', does: 'A folder to here' },
    { line: 'berth cp ./site/. web:/usr/share/nginx/html', does: 'What is in a folder' },
    { line: 'berth cp web:/var/log - | tar t', does: 'As an archive' },
  ],
  args: [2, 2],
  completeArgument: 'container',
  async run(context, { args: [from = '', to = ''], options }) {
    const [source, target] = [parsePlace(from, isAbsolute), parsePlace(to, isAbsolute)];
    if (source.kind === target.kind)
      throw usageError(
        source.kind === 'local' ? 'One of the two must be in a container.' : 'Both are in containers.',
        'Write CONTAINER:PATH for one of them; copy between containers by way of the host.',
      );
    const client = await context.connect('running');
    using interrupt = guardInterrupt();
    const followLink = options.flag('follow-link');
    const archive = options.flag('archive');
    let bytes = 0;
    if (source.kind === 'container') {
      const { copyOut } = await import('../copy/copy-out.ts');
      const onSkipped = (name: string): void =>
        context.note(`berth: ${name} is a device or pipe, which is not made here.`);
      bytes = await copyOut(client, { ...source, followLink, archive, onSkipped, signal: interrupt.signal }, to);
    } else if (target.kind === 'container') {
      const { copyIn } = await import('../copy/copy-in.ts');
      bytes = await copyIn(client, from, { ...target, followLink, owners: archive, signal: interrupt.signal });
    }
    if (!options.flag('quiet') && to !== '-') context.note(`Successfully copied ${decimalSize(bytes)} to ${to}`);
    return 0;
  },
};

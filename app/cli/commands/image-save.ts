import { anyNumber, type CommandSpec } from '../command/spec.ts';
import { usageError } from '../command/usage-error.ts';
import { standardOutput } from '../output.ts';

export const command: CommandSpec = {
  usage: 'IMAGE...',
  description:
    'Writes images into one tar archive, which Docker can load and which is an OCI layout, too. The same images give\n' +
    'the same bytes. The engine need not run.',
  options: [
    { name: 'output', short: 'o', value: 'FILE', help: 'Where to; standard output otherwise', complete: 'file' },
  ],
  examples: [
    { line: 'berth save -o busybox.tar busybox', does: 'Into a file' },
    { line: 'berth save busybox alpine | gzip > two.tar.gz', does: 'Two images, packed' },
    { line: 'berth image save busybox | docker load', does: 'On to Docker' },
  ],
  args: [1, anyNumber],
  completeArgument: 'image',
  async run(context, { args, options }) {
    const output = options.text('output');
    if (output === undefined && standardOutput().isTTY)
      throw usageError('an archive is not for a terminal', 'Give a file with -o, or redirect the output.');
    const client = await context.connect('service');
    const { receiveArchive } = await import('../shared/archives.ts');
    await receiveArchive(client, await client.api.images.save({ references: [...args] }), output);
    return 0;
  },
};

import { resolve } from 'node:path';
import type { CommandSpec } from '../command/spec.ts';
import { usageError } from '../command/usage-error.ts';

export const command: CommandSpec = {
  usage: 'FILE|- [REPOSITORY[:TAG]]',
  description:
    'Makes an image of one layer from the tar archive of a root file system, packed or not. The engine need not run.\n' +
    'A folder is taken as an OCI layout, whose images keep their names unless one is given.',
  options: [
    { name: 'change', short: 'c', value: 'INSTRUCTION', list: true, help: 'CMD, ENV, EXPOSE, USER … of a Dockerfile' },
    { name: 'message', short: 'm', value: 'TEXT', help: "Comment of the image's one step" },
    { name: 'platform', value: 'OS/ARCH', help: "What it runs on (default this host's)" },
  ],
  examples: [
    { line: 'berth import -c \'CMD ["/bin/sh"]\' rootfs.tar.gz example/base', does: 'From a file' },
    { line: 'tar -C root -c . | berth image import - example/base:2', does: 'From a pipe' },
    { line: 'berth import ./layout example/app:1', does: 'An OCI layout, named' },
  ],
  args: [1, 2],
  completeArgument: 'file',
  async run(context, { args: [file = '', reference = ''], options }) {
    const { archiveSource, isFolder, sendArchive } = await import('../shared/archives.ts');
    if (/^https?:\/\//.test(file))
      throw usageError('an address is not fetched', `Fetch it yourself: curl -L ${file} | berth import - …`);
    if (await isFolder(file)) {
      const { api } = await context.connect('service');
      const { references } = await api.images.importLayout({ path: resolve(file), reference });
      context.print(...references);
      return 0;
    }
    const source = await archiveSource(file === '-' ? undefined : file);
    const client = await context.connect('service');
    const request = {
      reference,
      changes: [...options.list('change')],
      message: options.text('message') ?? '',
      platform: options.text('platform') ?? '',
    };
    const { id } = await sendArchive(client, source, (stream, signal) =>
      client.api.images.import({ stream, ...request }, signal),
    );
    context.print(id);
    return 0;
  },
};

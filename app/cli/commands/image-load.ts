import { resolve } from 'node:path';
import type { CommandSpec } from '../command/spec.ts';

export const command: CommandSpec = {
  usage: '',
  description:
    'Takes images from what `docker save`, `berth save` or skopeo wrote: a docker-archive of any age, or an OCI layout as\n' +
    'an archive or a folder; gzip and zstd are unpacked. The engine need not run.',
  options: [
    {
      name: 'input',
      short: 'i',
      value: 'PATH',
      help: 'A file or a folder; standard input otherwise',
      complete: 'file',
    },
    { name: 'quiet', short: 'q', help: 'No progress' },
  ],
  examples: [
    { line: 'berth load -i busybox.tar', does: 'From a file' },
    { line: 'docker save alpine | berth load', does: 'From Docker' },
    { line: 'berth image load -i ./layout', does: "An OCI layout's folder" },
  ],
  args: [0, 0],
  async run(context, { options }) {
    const input = options.text('input');
    const { archiveSource, isFolder, sendArchive } = await import('../shared/archives.ts');
    if (input !== undefined && (await isFolder(input))) {
      const { api } = await context.connect('service');
      const { references } = await api.images.importLayout({ path: resolve(input), reference: '' });
      context.print(...references.map((name) => `Loaded image: ${name}`));
      return 0;
    }
    const source = await archiveSource(input);
    const client = await context.connect('service');
    const { withTransfers } = await import('../shared/transfer.ts');
    const loaded = await withTransfers(client, options.flag('quiet'), (transfer) =>
      sendArchive(client, source, (stream, signal) => client.api.images.load({ stream, transfer }, signal)),
    );
    for (const { id, references } of loaded)
      if (references.length === 0) context.print(`Loaded image ID: ${id}`);
      else context.print(...references.map((name) => `Loaded image: ${name}`));
    return 0;
  },
};

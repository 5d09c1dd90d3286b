import { rename, rm } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { archiveBytes } from '../../contract/archive-stream.ts';
import type { CommandSpec } from '../command/spec.ts';
import { usageError } from '../command/usage-error.ts';
import { standardOutput } from '../output.ts';
import { guardInterrupt } from '../run/interrupt.ts';

export const command: CommandSpec = {
  usage: 'CONTAINER',
  description: "Writes a container's whole file system as a tar archive, without what is mounted in it.",
  options: [{ name: 'output', short: 'o', value: 'FILE', help: 'Write to a file', complete: 'file' }],
  examples: [
    { line: 'berth export -o web.tar web', does: 'To a file' },
    { line: 'berth export web | tar t', does: 'To a pipe' },
  ],
  args: [1, 1],
  completeArgument: 'container',
  async run(context, { args: [id = ''], options }) {
    const output = options.text('output');
    if (output === undefined && process.stdout.isTTY)
      throw usageError('An archive is not for a terminal.', 'Name a file with -o, or redirect the output.');
    const client = await context.connect('running');
    using interrupt = guardInterrupt();
    const { stream } = await client.api.containers.export({ id });
    const socket = await client.openStream(stream);
    interrupt.signal.addEventListener('abort', () => socket.destroy());
    try {
      if (output === undefined) await pipeline(archiveBytes(socket), standardOutput(), { end: false });
      else await writeWhole(archiveBytes(socket), output);
    } catch (error) {
      interrupt.signal.throwIfAborted();
      throw error;
    }
    return 0;
  },
};

/** The file has its name only when it is complete. */
async function writeWhole(bytes: AsyncIterable<Uint8Array>, path: string): Promise<void> {
  const part = `${path}.part-${process.pid}`;
  try {
    await pipeline(bytes, createWriteStream(part, { flags: 'wx' }));
    await rename(part, path);
  } finally {
    await rm(part, { force: true });
  }
}

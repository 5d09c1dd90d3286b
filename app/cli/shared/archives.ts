/** Archives of images between files (or the standard streams) and the host service. */
import { createWriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isErrno } from '../../base/atomic-file.ts';
import { EngineError } from '../../base/error.ts';
import type { ControlClient } from '../../control/client.ts';
import { usageError } from '../command/usage-error.ts';
import { standardOutput } from '../output.ts';
import { write } from '../terminal/session.ts';

/**
 * Writes the stream's bytes to a file, which appears when it is whole, or to the standard output.
 * @throws EngineError why it is not whole
 */
export async function receiveArchive(
  client: ControlClient,
  { stream }: { stream: string },
  file: string | undefined,
): Promise<void> {
  const source = await client.openStream(stream);
  source.end();
  const whole = async (copied: Promise<void>): Promise<void> => {
    await copied.catch((error: unknown) => {
      // The host broke off: it tells why.
      if (!isErrno(error, 'ECONNRESET')) throw error;
    });
    await client.api.images.saved({ stream });
  };
  if (file === undefined) {
    await whole(toOutput(source));
    return;
  }
  const part = `${file}.${process.pid}.part`;
  try {
    await whole(pipeline(source, createWriteStream(part, { flags: 'wx' })));
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    throw isErrno(error, 'ENOSPC')
      ? new EngineError('disk-full', `There is no room left for ${file}.`, { cause: error, hint: 'Free some there.' })
      : error;
  }
}

async function toOutput(source: AsyncIterable<Buffer>): Promise<void> {
  for await (const piece of source) await write(standardOutput(), piece);
}

export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** A file's bytes, or those of the standard input. @throws EngineError when it is a terminal, or there is no such file */
export async function archiveSource(file: string | undefined): Promise<Readable> {
  if (file === undefined) {
    if (process.stdin.isTTY)
      throw usageError('an archive is expected on the standard input, which is a terminal', 'Give a file, or a pipe.');
    return process.stdin;
  }
  try {
    return (await open(file, 'r')).createReadStream({ highWaterMark: 256 * 1024 });
  } catch (cause) {
    if (!isErrno(cause, 'ENOENT') && !isErrno(cause, 'EACCES')) throw cause;
    const why = isErrno(cause, 'ENOENT') ? 'there is no such file' : 'it may not be read';
    throw new EngineError('no-such-path', `${file} cannot be opened: ${why}.`, { cause, hint: 'Check its name.' });
  }
}

/** Sends an archive; `use` says what becomes of it and is called at once, so that what is wrong is told before the end. */
export async function sendArchive<T>(
  client: ControlClient,
  source: Readable,
  use: (stream: string, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { stream } = await client.api.images.upload({});
  const target = await client.openStream(stream);
  const broken = new AbortController();
  // When the other side breaks off, its answer tells why.
  target.on('error', () => undefined).resume();
  let readError: unknown;
  source.once('error', (error) => {
    // A broken target ends the source, too, with its own error.
    if (target.destroyed) return;
    readError = error;
    broken.abort(error);
  });
  const sent = pipeline(source, target).catch(() => undefined);
  try {
    return await use(stream, broken.signal);
  } catch (error) {
    throw readError ?? error;
  } finally {
    source.destroy();
    target.destroy();
    await sent;
  }
}

/** From a container to the host. */
import { lstat, realpath, stat } from 'node:fs/promises';
import { basename, dirname, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import { isErrno } from '../../base/atomic-file.ts';
import { EngineError } from '../../base/error.ts';
import { archiveBytes } from '../../contract/archive-stream.ts';
import type { ControlClient } from '../../control/client.ts';
import { standardOutput } from '../output.ts';
import { assertsFolder, planCopy, type CopySource, type CopyTarget } from './copy-plan.ts';
import { LocalUnpacker, type UnpackOptions } from './local-unpack.ts';
import { isFolder, isLink } from './path-stat.ts';

export interface CopyOut extends UnpackOptions {
  readonly container: string;
  readonly path: string;
  readonly followLink: boolean;
  readonly signal: AbortSignal;
}

/** @returns bytes of the archive */
export async function copyOut(client: ControlClient, from: CopyOut, to: string): Promise<number> {
  // A wrong place is told before the container is asked.
  const target = to === '-' ? undefined : await localTarget(to);
  const { source, stream } = await open(client, from);
  const socket = await client.openStream(stream);
  from.signal.addEventListener('abort', () => socket.destroy());
  let bytes = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const piece of archiveBytes(socket)) {
      bytes += piece.length;
      yield piece;
    }
    from.signal.throwIfAborted();
  }
  try {
    from.signal.throwIfAborted();
    if (target === undefined) await pipeline(counted, standardOutput(), { end: false });
    else await unpack(counted(), new LocalUnpacker(planCopy(source, target, sep), from));
  } catch (error) {
    from.signal.throwIfAborted();
    throw error;
  } finally {
    socket.destroy();
  }
  return bytes;
}

async function open(
  { api }: ControlClient,
  { container: id, path, followLink }: CopyOut,
): Promise<{ source: CopySource; stream: string }> {
  const { stat: asked } = await api.containers.archiveStat({ id, path });
  const follows = followLink && isLink(asked);
  const { stream, stat: found } = await api.containers.archiveGet({ id, path: follows ? asked.linkTarget : path });
  const name = found.name === '/' ? '.' : found.name;
  const ownName = follows ? asked.name : name;
  return { source: { name, ownName, isFolder: isFolder(found) }, stream };
}

/** @throws what broke the archive off; an archive that ends too early is an error, too */
export async function unpack(archive: AsyncIterable<Uint8Array>, unpacker: LocalUnpacker): Promise<void> {
  const options: object = { filenameEncoding: 'latin1' };
  const members = extract(options);
  const feeding = pipeline(archive, members);
  const broken = feeding.then(() => Promise.withResolvers<never>().promise);
  broken.catch(() => undefined);
  try {
    for await (const member of members)
      await unpacker.add(member.header, {
        resume: () => member.resume(),
        [Symbol.asyncIterator]: () => whole(member as AsyncIterable<Uint8Array>, broken),
      });
  } catch (error) {
    members.destroy();
    // What broke the archive off is the better reason.
    await feeding;
    throw error;
  }
  await feeding;
  await unpacker.finish();
}

/** A member's bytes: tar-stream says nothing of a broken archive to whoever waits for these. */
async function* whole(member: AsyncIterable<Uint8Array>, broken: Promise<never>): AsyncGenerator<Uint8Array> {
  const bytes = member[Symbol.asyncIterator]();
  for (;;) {
    const next = await Promise.race([bytes.next(), broken]);
    if (next.done === true) return;
    yield next.value;
  }
}

async function localTarget(to: string): Promise<CopyTarget> {
  const path = `${resolve(to)}${assertsFolder(to, sep) ? sep : ''}`;
  try {
    const found = await stat(path);
    if (found.isDirectory()) return { path: resolve(to), kind: 'folder' };
    return { path: await realpath(path), kind: found.isFile() ? 'file' : 'other' };
  } catch (error) {
    if (isErrno(error, 'ENOTDIR')) return { path, kind: 'file' };
    if (!isErrno(error, 'ENOENT')) throw error;
  }
  const parent = dirname(resolve(to));
  const above = await lstat(`${parent}${sep}.`).catch(() => undefined);
  if (above?.isDirectory() === true) return { path, kind: 'nothing' };
  throw new EngineError('no-such-path', `There is no folder ${parent} for ${basename(to)}.`, {
    hint: 'Make it first: mkdir -p.',
  });
}

/** From the host to a container. */
import { lstat, stat } from 'node:fs/promises';
import { basename, resolve, sep } from 'node:path';
import { isErrno } from '../../base/atomic-file.ts';
import { EngineError } from '../../base/error.ts';
import { sendArchive } from '../../contract/archive-stream.ts';
import type { ControlClient } from '../../control/client.ts';
import { assertsFolder, planCopy, type CopySource, type CopyTarget } from './copy-plan.ts';
import { packLocal, type PackOptions } from './local-pack.ts';
import { isFolder, isLink, isPlainFile } from './path-stat.ts';

export interface CopyIn extends PackOptions {
  readonly container: string;
  readonly path: string;
  readonly signal: AbortSignal;
}

/** @returns bytes of the archive */
export async function copyIn(client: ControlClient, from: string, to: CopyIn): Promise<number> {
  const source = from === '-' ? undefined : await localSource(from, to.followLink);
  const target = await containerTarget(client, to);
  if (source === undefined && target.kind !== 'folder')
    throw new EngineError(
      'invalid-argument',
      `${to.container}:${to.path} must be a folder to unpack an archive into.`,
      {
        hint: 'Name an existing folder of the container.',
      },
    );
  const plan = source && planCopy(source, target);
  const archive = plan === undefined ? process.stdin : packLocal(resolve(from), plan.to, to);
  return send(client, { ...to, path: plan?.into ?? target.path }, archive as AsyncIterable<Uint8Array>);
}

async function send(client: ControlClient, to: CopyIn, archive: AsyncIterable<Uint8Array>): Promise<number> {
  const { container: id, path, signal } = to;
  const { stream } = await client.api.containers.archivePut({
    id,
    path,
    noOverwriteDirNonDir: true,
    copyUidGid: false,
  });
  const socket = await client.openStream(stream);
  signal.addEventListener('abort', () => socket.destroy());
  let bytes = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const piece of archive) {
      signal.throwIfAborted();
      bytes += piece.length;
      yield piece;
    }
  }
  try {
    await sendArchive(socket, counted());
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    socket.destroy();
  }
  return bytes;
}

/** A slash or `/.` behind a path follows a link that it ends with. */
async function localSource(path: string, followLink: boolean): Promise<CopySource> {
  const isAsserted = assertsFolder(path, sep);
  const read = followLink || isAsserted ? stat : lstat;
  const found = await read(path).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'ENOTDIR'))
      throw new EngineError('no-such-path', `There is no ${path} on this host.`, { hint: 'Check its spelling.' });
    throw error;
  });
  const inside = path === '.' || path.endsWith(`${sep}.`);
  const name = inside ? '.' : basename(resolve(path)) || '.';
  return { name, ownName: name, isFolder: found.isDirectory() };
}

async function containerTarget({ api }: ControlClient, { container: id, path }: CopyIn): Promise<CopyTarget> {
  const at = async (where: string) => {
    try {
      return (await api.containers.archiveStat({ id, path: where })).stat;
    } catch (error) {
      if (error instanceof EngineError && error.code === 'no-such-path') return undefined;
      throw error;
    }
  };
  const asked = await at(path);
  const place = asked !== undefined && isLink(asked) ? asked.linkTarget : path;
  const found = place === path ? asked : await at(place);
  if (found === undefined) return { path: place, kind: 'nothing' };
  return { path: place, kind: isFolder(found) ? 'folder' : isPlainFile(found) ? 'file' : 'other' };
}

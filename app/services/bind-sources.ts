import { mkdir, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import type { Mount } from '../../guest-agent/protocol/index.ts';
import { isErrno } from '../base/atomic-file.ts';
import { EngineError } from '../base/error.ts';
import type { HostOs } from '../base/platform.ts';
import type { RunMount } from '../contract/index.ts';
import { guestPlace, isWithin } from '../shares/path-map.ts';
import type { Share } from '../shares/share-driver.ts';
import { isEngineSocket } from './engine-socket.ts';
import type { UnsharedFolder } from './share-set.ts';

export interface BindContext {
  readonly machine: string;
  readonly hostOs: HostOs;
  /** Shared by the running machine. */
  readonly shares: readonly Share[];
  readonly unshared: readonly UnsharedFolder[];
  /** The machine's Docker socket. */
  readonly dockerSocket: string;
}

/**
 * Finds every host folder on a share; the Docker socket is the engine's, by its own path or the usual ones.
 * @throws EngineError `no-such-path`; `not-shared` with what is shared and how to share more; `invalid-argument` for a
 * path that is not absolute or a writable mount of a read-only share.
 */
export function guestMounts(mounts: readonly RunMount[], context: BindContext): Promise<Mount[]> {
  return Promise.all(
    mounts.map((mount) => (mount.type === 'bind' ? bind(mount, context) : Promise.resolve<Mount>({ ...mount }))),
  );
}

async function bind(
  { source, target, readOnly, createSource = false, askedAs, bindOptions }: Extract<RunMount, { type: 'bind' }>,
  context: BindContext,
): Promise<Mount> {
  const how = {
    ...{ target, readOnly },
    ...(askedAs !== undefined && { askedAs }),
    ...(bindOptions !== undefined && { bindOptions }),
  };
  if (await isEngineSocket(source, context.dockerSocket)) return { type: 'engine-socket', hostPath: source, ...how };
  const place = await sourceOf(source, { createSource, readOnly }, context);
  return { type: 'share', ...place, ...how };
}

/** Where a path of the host is on its share. @throws EngineError as {@link guestMounts} */
export async function sourceOf(
  source: string,
  { createSource, readOnly }: { createSource: boolean; readOnly: boolean },
  context: BindContext,
): Promise<{ share: string; subpath: string; hostPath: string }> {
  let real = await existing(source);
  if (real === undefined && createSource) real = await made(source, context);
  if (real === undefined)
    throw new EngineError('no-such-path', `${source} is not there.`, {
      hint: 'Make the folder first.',
      data: { path: source },
    });
  const place = placeOf(real, source, context);
  if (place.readOnly && !readOnly)
    throw new EngineError('not-shared', `${source} is shared for reading alone.`, {
      hint: 'Mount it with ":ro", or share it for writing: see "berth machine set --help".',
    });
  return { share: place.tag, subpath: place.subpath, hostPath: source };
}

/** The folders that are missing, in a share that may be written to; none is made elsewhere. */
async function made(source: string, context: BindContext): Promise<string | undefined> {
  let nearest = dirname(source);
  let found = await existing(nearest);
  while (found === undefined) {
    nearest = dirname(nearest);
    found = await existing(nearest);
  }
  const real = join(found, source.slice(nearest.length));
  if (placeOf(real, source, context).readOnly) return undefined;
  await mkdir(real, { recursive: true });
  return real;
}

function placeOf(real: string, source: string, context: BindContext) {
  const { machine, shares, unshared, hostOs } = context;
  try {
    return guestPlace(real, shares, hostOs);
  } catch (cause) {
    if (!(cause instanceof EngineError) || cause.code !== 'not-shared') throw cause;
    const refused = unshared.find(({ path }) => isWithin(real, path, hostOs));
    if (refused !== undefined)
      throw new EngineError('not-shared', `The machine ${machine} does not have ${source}: ${refused.reason}`, {
        hint: 'After that, run "berth restart".',
        cause,
      });
    const named = real === source ? source : `${source}, which is ${real},`;
    const shared = shares.map(({ hostPath }) => hostPath).join(', ');
    const what = shared === '' ? 'it shares none' : `it shares ${shared}`;
    throw new EngineError('not-shared', `${named} is in no folder that the machine ${machine} shares (${what}).`, {
      hint: `Share it with "${shareCommand(real, context)}", then run "berth restart".`,
      cause,
    });
  }
}

/** The setting is the whole list, so the folders that are shared come along. */
function shareCommand(path: string, { machine, shares, unshared }: BindContext): string {
  const kept = shares.map(({ hostPath, readOnly }) => (readOnly ? `${hostPath}:ro` : hostPath));
  const words = [...kept, ...unshared.map((folder) => folder.path), path].map((folder) => `--share ${quoted(folder)}`);
  return `berth ${machine === 'default' ? '' : `--machine ${machine} `}machine set ${words.join(' ')}`;
}

function quoted(path: string): string {
  return /^[\w./:@%+=,~\\-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}

/** Links resolved; undefined where nothing is. */
async function existing(source: string): Promise<string | undefined> {
  if (!isAbsolute(source))
    throw new EngineError('invalid-argument', `${JSON.stringify(source)} is not an absolute path of this host.`, {
      hint: 'Give the full path of a folder or file of this host.',
    });
  try {
    return await realpath(source);
  } catch (cause) {
    if (isErrno(cause, 'ENOENT') || isErrno(cause, 'ENOTDIR')) return undefined;
    throw new EngineError('permission-denied', `${source} cannot be read.`, {
      hint: 'Give this user the right to read it, and to pass through the folders above it.',
      cause,
    });
  }
}

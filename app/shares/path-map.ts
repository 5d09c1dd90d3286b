/**
 * Host path ⇄ place in the guest. A share is mounted whole; a container mounts a path below it. Pure: the host's
 * system is a parameter, and paths are compared as that system does.
 */
import { EngineError } from '../base/error.ts';

export interface SharedFolder {
  readonly tag: string;
  /** Absolute host path, symlinks resolved. */
  readonly hostPath: string;
  readonly readOnly: boolean;
}

/** A host path as seen through a share. */
export interface GuestPlace {
  readonly tag: string;
  /** Below the share's root, with `/`, '' for the root itself. */
  readonly subpath: string;
  readonly readOnly: boolean;
}

type HostOs = 'linux' | 'darwin' | 'win32';

/**
 * The share that holds a host path; of nested shares the innermost.
 * @param path absolute, symlinks resolved
 * @throws EngineError `invalid-argument` for a path that is not absolute or climbs with `..`; `not-shared` naming what is.
 */
export function guestPlace(path: string, shares: readonly SharedFolder[], hostOs: HostOs): GuestPlace {
  const wanted = segments(path, hostOs);
  let best: { share: SharedFolder; depth: number } | undefined;
  for (const share of shares) {
    const root = segments(share.hostPath, hostOs);
    if (startsWith(wanted, root, hostOs) && root.length > (best?.depth ?? -1)) best = { share, depth: root.length };
  }
  if (best === undefined)
    throw new EngineError('not-shared', `${path} is not in a folder that the machine shares.`, {
      hint: shares.length === 0 ? 'Nothing is shared; add the folder in the settings.' : `Shared: ${list(shares)}.`,
    });
  const { tag, readOnly } = best.share;
  return { tag, subpath: wanted.slice(best.depth).join('/'), readOnly };
}

/** Whether the path is the folder or beneath it. @throws EngineError `invalid-argument` as `guestPlace` does */
export function isWithin(path: string, folder: string, hostOs: HostOs): boolean {
  return startsWith(segments(path, hostOs), segments(folder, hostOs), hostOs);
}

/** The host path of a place in the guest, in the host's own notation; undefined for an unknown tag. */
export function hostPlace(
  tag: string,
  subpath: string,
  shares: readonly SharedFolder[],
  hostOs: HostOs,
): string | undefined {
  const root = shares.find((share) => share.tag === tag)?.hostPath;
  if (root === undefined) return undefined;
  const separator = hostOs === 'win32' ? '\\' : '/';
  const below = subpath.split('/').filter((part) => part !== '');
  if (below.length === 0) return root;
  const base = root.endsWith(separator) ? root.slice(0, -1) : root;
  return [base, ...below].join(separator);
}

/** `C:\Users\me` and `/c/Users/me` (as shells on Windows write it) become drive and names; `/home/me` names only. */
function segments(path: string, hostOs: HostOs): string[] {
  const parts = hostOs === 'win32' ? windowsParts(path) : path.startsWith('/') ? path.split('/') : undefined;
  const named = parts?.filter((part) => part !== '' && part !== '.');
  if (named !== undefined && !named.includes('..')) return named;
  throw new EngineError('invalid-argument', `${JSON.stringify(path)} is not an absolute path of this host.`, {
    hint: 'Write it from the root on, without "..".',
  });
}

function windowsParts(path: string): string[] | undefined {
  const text = path.replace(/^\\\\\?\\(?!UNC\\)/, '').replaceAll('\\', '/');
  const drive = /^([a-zA-Z]):\/(.*)$/.exec(text) ?? /^\/([a-zA-Z])(?:\/(.*))?$/.exec(text);
  if (drive?.[1] === undefined) return undefined;
  return [`${drive[1].toUpperCase()}:`, ...(drive[2] ?? '').split('/')];
}

/** File names differ by case on Linux alone, by convention. */
function startsWith(path: readonly string[], root: readonly string[], hostOs: HostOs): boolean {
  const fold = (part: string) => (hostOs === 'linux' ? part : part.normalize('NFC').toLowerCase());
  return root.length <= path.length && root.every((part, index) => fold(part) === fold(path[index] ?? ''));
}

function list(shares: readonly SharedFolder[]): string {
  return shares.map(({ hostPath }) => hostPath).join(', ');
}

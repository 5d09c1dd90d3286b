/**
 * Docker's rules of SRC_PATH and DEST_PATH ("docker container cp", moby's PrepareArchiveCopy), the same both ways: what an
 * archive of the source is unpacked into, and what the source is called there.
 */
import { EngineError } from '../../../guest-agent/protocol/errors.ts';

export interface CopySource {
  /** What the archive calls it: the path's last part, `.` for what is in a folder. */
  readonly name: string;
  /** What it is called where no name is asked for: that of a link which leads to it. */
  readonly ownName: string;
  readonly isFolder: boolean;
}

export interface CopyTarget {
  readonly path: string;
  /** What is there; links at the end are followed. */
  readonly kind: 'folder' | 'file' | 'other' | 'nothing';
}

export interface CopyPlan {
  /** An existing folder. */
  readonly into: string;
  /** In the archive `from` stands for `to`. */
  readonly from: string;
  readonly to: string;
}

/** @throws EngineError `invalid-argument`, `no-such-path` */
export function planCopy(source: CopySource, target: CopyTarget, separator = '/'): CopyPlan {
  const { name: from, ownName, isFolder } = source;
  const { path, kind } = target;
  if (kind === 'folder') return { into: path, from, to: ownName };
  if (kind === 'other') throw wrongKind(`${path} is neither a folder nor a plain file`);
  if (kind === 'file' && isFolder) throw wrongKind(`${path} is a file: a folder cannot be copied onto it`);
  if (kind === 'file' && assertsFolder(path, separator)) throw wrongKind(`${path} is a file, not a folder`);
  if (kind === 'nothing' && !isFolder && assertsFolder(path, separator))
    throw new EngineError('no-such-path', `There is no folder ${path}.`, {
      hint: 'Make it first, or leave out the slash to give the copy this name.',
    });
  const { folder, name } = splitPath(path, separator);
  return { into: folder, from, to: name };
}

function wrongKind(what: string): EngineError {
  return new EngineError('invalid-argument', `${what}.`, {
    hint: 'Name a folder, or a new name in an existing folder.',
  });
}

/** A member's name as the plan has it; undefined for what is not beneath the source. */
export function renamed(name: string, { from, to }: Pick<CopyPlan, 'from' | 'to'>): string | undefined {
  const path = name.replace(/\/+$/, '');
  if (path === from) return to;
  return path.startsWith(`${from}/`) ? `${to}/${path.slice(from.length + 1)}` : undefined;
}

/** Ends with a separator or with `.` behind one: only a folder can be meant. */
export function assertsFolder(path: string, separator: string): boolean {
  return path.endsWith(separator) || path.endsWith(`${separator}.`);
}

/** A path's folder and its last part; a `.` at the end is kept. */
export function splitPath(path: string, separator: string): { folder: string; name: string } {
  const trimmed = path.length > 1 && path.endsWith(separator) ? path.replace(/[/\\]+$/, '') : path;
  const at = trimmed.lastIndexOf(separator);
  const folder = at <= 0 ? trimmed.slice(0, at + 1) : trimmed.slice(0, at);
  const name = trimmed.slice(at + 1);
  return { folder: folder === '' ? '.' : folder, name: name === '' ? '.' : name };
}

export type CopyPlace = { kind: 'container'; container: string; path: string } | { kind: 'local'; path: string };

/**
 * `CONTAINER:PATH`; a local path when it is absolute or has no colon, or begins with a dot; `-` for the standard streams.
 * @param isAbsolute of the host's paths
 */
export function parsePlace(text: string, isAbsolute: (path: string) => boolean): CopyPlace {
  const colon = text.indexOf(':');
  if (isAbsolute(text) || colon <= 0 || text.startsWith('.')) return { kind: 'local', path: text };
  const path = text.slice(colon + 1);
  return { kind: 'container', container: text.slice(0, colon), path: path.startsWith('/') ? path : `/${path}` };
}

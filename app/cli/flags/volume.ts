import type { RunMount } from '../../contract/run-config.ts';
import { badFlag } from '../command/usage-error.ts';

const hint = 'Write HOST-DIR:/DIR, VOLUME:/DIR or /DIR, with :ro to make it read-only.';

/** How the host writes paths; `absolute` resolves a relative one against the working directory. */
export interface HostPaths {
  readonly windows: boolean;
  readonly absolute: (path: string) => string;
}

/**
 * One `-v` value: `/host:/dir[:ro]`, `./host:/dir`, `C:\host:/dir`, `name:/dir`, or `/dir` for an anonymous volume.
 * Of the further options `rw` and `nocopy` mean something; `z`, `Z`, `cached`, `delegated`, `consistent` are accepted,
 * since they ask for what is so already.
 */
export function parseVolume(text: string, paths: HostPaths, flag = '--volume'): RunMount {
  const parts = splitVolume(text, paths.windows);
  const [first = '', second, options = ''] = parts;
  if (parts.length > 3 || first === '') throw badFlag(flag, text, 'it cannot be read', hint);
  if (second === undefined) return volume('', checkTarget(first, text, flag), readOptions('', text, flag));
  const target = checkTarget(second, text, flag);
  const read = readOptions(options, text, flag);
  if (isPath(first, paths.windows)) {
    return { type: 'bind', source: paths.absolute(first), target, readOnly: read.readOnly };
  }
  return volume(checkVolumeName(first, text, flag), target, read);
}

/** Container paths are absolute; `..` is not allowed to climb. */
export function checkTarget(target: string, text: string, flag: string): string {
  if (!target.startsWith('/')) throw badFlag(flag, text, 'the place in the container is not an absolute path', hint);
  if (target.split('/').includes('..')) throw badFlag(flag, text, "the place in the container has '..'", hint);
  const clean = target.replace(/\/+/g, '/').replace(/(.)\/$/, '$1');
  if (clean === '/') throw badFlag(flag, text, "the place in the container can't be '/'", hint);
  return clean;
}

export function checkVolumeName(name: string, text: string, flag: string): string {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) return name;
  throw badFlag(
    flag,
    text,
    `${JSON.stringify(name)} cannot name a volume`,
    'Use letters, digits, "_", "." and "-", at least two; a host folder starts with "/" or "./".',
  );
}

function volume(name: string, target: string, read: Read): RunMount {
  return { type: 'volume', name, target, readOnly: read.readOnly, copyUp: read.copyUp };
}

interface Read {
  readonly readOnly: boolean;
  readonly copyUp: boolean;
}

const accepted = ['rw', 'ro', 'nocopy', 'z', 'Z', 'cached', 'delegated', 'consistent', 'rprivate', 'private'];

function readOptions(options: string, text: string, flag: string): Read {
  const words = options === '' ? [] : options.split(',');
  const wrong = words.find((word) => !accepted.includes(word));
  if (wrong !== undefined)
    throw badFlag(flag, text, `${JSON.stringify(wrong)} is not an option of a volume`, 'Use ro, rw or nocopy.');
  if (words.includes('ro') && words.includes('rw'))
    throw badFlag(flag, text, 'it asks for ro and rw at once', 'Keep one of them.');
  return { readOnly: words.includes('ro'), copyUp: !words.includes('nocopy') };
}

/** Splits at colons, leaving that of a Windows drive. */
function splitVolume(text: string, windows: boolean): string[] {
  const drive = windows ? /^[a-zA-Z]:[\\/]/.exec(text) : null;
  if (drive === null) return text.split(':');
  const [head = '', ...rest] = text.slice(2).split(':');
  return [text.slice(0, 2) + head, ...rest];
}

function isPath(source: string, windows: boolean): boolean {
  if (/^(\/|\.\.?$|\.\.?\/|~\/)/.test(source)) return true;
  return windows && /^([a-zA-Z]:[\\/]|\\\\|\.\.?\\)/.test(source);
}

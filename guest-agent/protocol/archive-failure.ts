/** What the archiver's last words mean: `ERRNO STEP PATH`, where an errno of 0 goes with a word of its own. */
import { diskFullHint, EngineError, type ErrorCode } from './errors.ts';

interface Meaning {
  code: ErrorCode;
  what: (path: string) => string;
  hint: string;
}

/** Numbers of errno(3), which are the guest's whatever the host is. */
const byErrno: Readonly<Record<number, Meaning>> = {
  1: {
    code: 'permission-denied',
    what: (path) => `${path} may not be changed`,
    hint: 'Choose another place: the kernel forbids it even to root.',
  },
  2: {
    code: 'no-such-path',
    what: (path) => `There is no ${path} in the container`,
    hint: 'Look with: berth exec CONTAINER ls, or berth cp CONTAINER:/ - | tar t',
  },
  13: {
    code: 'permission-denied',
    what: (path) => `${path} may not be opened`,
    hint: 'Look at its mode and owner with: berth exec CONTAINER ls -ld',
  },
  16: {
    code: 'in-use',
    what: (path) => `${path} is a mount point and cannot be replaced`,
    hint: 'Write into it with: berth exec',
  },
  20: {
    code: 'invalid-argument',
    what: (path) => `${path} is not a folder of the container`,
    hint: 'Name an existing folder of the container.',
  },
  28: { code: 'disk-full', what: (path) => `No space is left for ${path}`, hint: diskFullHint },
  30: {
    code: 'permission-denied',
    what: (path) => `${path} is on a file system that is mounted read-only`,
    hint: 'Copy to a volume or a tmpfs of the container, or make it without --read-only.',
  },
  40: {
    code: 'no-such-path',
    what: (path) => `${path} leads through links without end, or out of the container`,
    hint: 'Name the file itself, not a link to it.',
  },
  122: { code: 'disk-full', what: (path) => `No space is left for ${path}`, hint: diskFullHint },
};

const byWord: Readonly<Record<string, Meaning>> = {
  cut: { code: 'cancelled', what: (path) => `The archive ended before its time${at(path)}`, hint: 'Send it again.' },
  broken: {
    code: 'invalid-argument',
    what: (path) => `The archive is damaged${at(path)}`,
    hint: 'Make or fetch it again.',
  },
  outside: {
    code: 'invalid-argument',
    what: (path) => `The archive’s ${path} leads out of the folder`,
    hint: 'Make the archive without names that have ".." or lead through its own links.',
  },
  sparse: {
    code: 'unsupported',
    what: (path) => `The archive holds ${path} as a sparse file`,
    hint: 'Make the archive without tar’s --sparse.',
  },
  'name-too-long': {
    code: 'invalid-argument',
    what: (path) => `A name in the archive is too long${at(path)}`,
    hint: 'Shorten it: a name has at most 255 bytes.',
  },
  'folder-there': {
    code: 'invalid-argument',
    what: (path) => `${path} is a folder in the container, and cannot be overwritten by what is none`,
    hint: 'Remove it first, or choose another name.',
  },
  'file-there': {
    code: 'invalid-argument',
    what: (path) => `${path} is no folder in the container, and cannot be overwritten by one`,
    hint: 'Remove it first, or choose another name.',
  },
  chown: {
    code: 'invalid-argument',
    what: (path) => `The archive’s owner of ${path} is not one of the container’s ids, 0 to 65535`,
    hint: 'Make the archive with: tar --owner=0 --group=0',
  },
  'marker-name': {
    code: 'unsupported',
    what: (path) => `${path} has a name that layers keep for deletions`,
    hint: 'Rename or remove it: names that begin with .wh. cannot be committed.',
  },
};

function at(path: string): string {
  return path === '' ? '' : ` at ${path}`;
}

/** @param text of the stream's stderr, at its end */
export function archiveFailure(text: string): EngineError {
  const match = /^(\d+) (\S+) ?([^]*)$/.exec(text);
  if (match === null)
    return new EngineError('operation-failed', text === '' ? 'The copy was broken off.' : `The copy failed: ${text}`, {
      hint: 'Try again; if it stays so, restart the machine.',
    });
  const [, number = '0', step = '', path = ''] = match;
  const errno = Number(number);
  const found = errno === 0 || (errno === 22 && step === 'chown') ? byWord[step] : byErrno[errno];
  const data = { errno, step, path };
  if (found === undefined)
    return new EngineError('operation-failed', `${step} of ${path} failed with errno ${errno}.`, {
      hint: 'The kernel’s own messages may say more: "berth ssh -- dmesg".',
      data,
    });
  const { code, what, hint } = found;
  return new EngineError(code, `${what(path.replace(/(?<=.)\/\.$/, ''))}.`, {
    hint,
    data,
  });
}

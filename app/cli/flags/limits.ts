import type { RunConfig } from '../../contract/run-config.ts';
import { badFlag } from '../command/usage-error.ts';

type Rlimit = RunConfig['rlimits'][number];

/** getrlimit(2), Docker's names. */
export const rlimitNames = [
  'core',
  'cpu',
  'data',
  'fsize',
  'locks',
  'memlock',
  'msgqueue',
  'nice',
  'nofile',
  'nproc',
  'rss',
  'rtprio',
  'rttime',
  'sigpending',
  'stack',
];

/** `nofile=1024[:2048]`; -1 is unlimited; one number is both. */
export function parseUlimit(text: string, flag = '--ulimit'): Rlimit {
  const match = /^([a-z]+)=(-1|[0-9]+)(?::(-1|[0-9]+))?$/.exec(text);
  if (match?.[1] === undefined)
    throw badFlag(flag, text, 'it cannot be read', 'Write NAME=SOFT[:HARD], such as nofile=1024:2048.');
  if (!rlimitNames.includes(match[1]))
    throw badFlag(flag, text, `there is no limit ${match[1]}`, `Use one of ${rlimitNames.join(', ')}.`);
  const soft = Number(match[2]);
  const hard = Number(match[3] ?? soft);
  if (hard !== -1 && (soft === -1 || soft > hard))
    throw badFlag(flag, text, 'the soft limit is above the hard one', 'Write the smaller number first.');
  return { name: match[1], soft, hard };
}

/** `net.core.somaxconn=1024`. */
export function parseSysctl(text: string, flag = '--sysctl'): [string, string] {
  const equals = text.indexOf('=');
  const name = text.slice(0, equals);
  if (equals > 0 && /^[a-z][\w./-]*$/i.test(name) && !name.includes('..')) return [name, text.slice(equals + 1)];
  throw badFlag(flag, text, 'it cannot be read', 'Write NAME=value, such as net.core.somaxconn=1024.');
}

/** What `docker top` and `berth top` take of the options of ps(1): which columns there are, and their titles. Pure. */
import { EngineError } from '../../guest-agent/protocol/errors.ts';

export interface PsColumn {
  /** Of `container.top`. */
  readonly column: string;
  readonly title: string;
}

/** Column, title, and the words of `-o` for it (procps-ng). */
const known: readonly (readonly [column: string, title: string, words: string])[] = [
  ['PID', 'PID', 'pid tgid'],
  ['NSPID', 'NSPID', 'nspid'],
  ['PPID', 'PPID', 'ppid'],
  ['PGID', 'PGID', 'pgid'],
  ['PGID', 'PGRP', 'pgrp'],
  ['SID', 'SID', 'sid'],
  ['SID', 'SESS', 'sess session'],
  ['USER', 'USER', 'user uname'],
  ['USER', 'EUSER', 'euser'],
  ['UID', 'UID', 'uid'],
  ['UID', 'EUID', 'euid'],
  ['GROUP', 'GROUP', 'group'],
  ['GID', 'GID', 'gid'],
  ['C', 'C', 'c'],
  ['%CPU', '%CPU', '%cpu pcpu'],
  ['%MEM', '%MEM', '%mem pmem'],
  ['VSZ', 'VSZ', 'vsz vsize'],
  ['RSS', 'RSS', 'rss rssize rsz'],
  ['SZ', 'SZ', 'sz'],
  ['TTY', 'TT', 'tty tt'],
  ['TTY', 'TTY', 'tname'],
  ['STAT', 'STAT', 'stat'],
  ['S', 'S', 's state'],
  ['STIME', 'STIME', 'stime'],
  ['STIME', 'START', 'start_time'],
  ['LSTART', 'STARTED', 'lstart'],
  ['ELAPSED', 'ELAPSED', 'etime'],
  ['ETIMES', 'ELAPSED', 'etimes'],
  ['TIME', 'TIME', 'time cputime'],
  ['BSDTIME', 'TIME', 'bsdtime'],
  ['NI', 'NI', 'ni nice'],
  ['PRI', 'PRI', 'pri'],
  ['PSR', 'PSR', 'psr'],
  ['NLWP', 'NLWP', 'nlwp'],
  ['NLWP', 'THCNT', 'thcount'],
  ['COMM', 'COMMAND', 'comm ucmd ucomm'],
  ['CMD', 'CMD', 'cmd'],
  ['CMD', 'COMMAND', 'args command'],
];
const byWord = new Map(
  known.flatMap(([column, title, words]) => words.split(' ').map((word) => [word, { column, title }] as const)),
);

/** `COLUMN`, or `COLUMN:TITLE` where they differ. */
const columnsOf = (text: string): readonly PsColumn[] =>
  text.split(' ').map((part) => {
    const [column = '', title = column] = part.split(':');
    return { column, title };
  });
const formats = {
  few: columnsOf('PID TTY TIME COMM:CMD'),
  full: columnsOf('USER:UID PID PPID C STIME TTY TIME CMD'),
  bsd: columnsOf('PID TTY STAT BSDTIME:TIME CMD:COMMAND'),
  user: columnsOf('USER PID %CPU %MEM VSZ RSS TTY STAT STIME:START BSDTIME:TIME CMD:COMMAND'),
} as const;

interface Asked {
  format: keyof typeof formats;
  readonly chosen: PsColumn[];
}

/**
 * None asks for those of `-ef`. Which processes are wanted is known: options that choose among all change nothing.
 * @throws EngineError `invalid-argument` in ps's words, with what is not understood
 */
export function psColumns(args: readonly string[]): readonly PsColumn[] {
  if (args.length === 0) return formats.full;
  const asked: Asked = { format: 'few', chosen: [] };
  for (let at = 0; at < args.length; at++) if (takesNext(asked, args[at] ?? '', args[at + 1])) at++;
  return asked.chosen.length > 0 ? asked.chosen : formats[asked.format];
}

function takesNext(asked: Asked, word: string, next: string | undefined): boolean {
  const long = /^--format(?:=([^]*))?$/.exec(word);
  if (long !== null) return takesList(asked, long[1] ?? '', next);
  if (word.startsWith('--')) throw refused(`unknown gnu long option: ${word}`);
  // What people write as `-aux` is meant as `aux`, and ps takes it so, too.
  const isBsd = !word.startsWith('-') || /^-au?xw*$/.test(word);
  const letters = word.replace(/^-/, '');
  if (letters === '') throw refused(`unsupported option: ${JSON.stringify(word)}`);
  for (let index = 0; index < letters.length; index++) {
    const letter = letters.charAt(index);
    if (letter === 'o') return takesList(asked, letters.slice(index + 1), next);
    const format = (isBsd ? bsdFormat : formatOf)(letter, asked.format);
    if (format === undefined)
      throw refused(`unsupported ${isBsd ? 'option (BSD syntax)' : 'SysV option'}: ${letter} in ${word}`);
    asked.format = format;
  }
  return false;
}

function formatOf(letter: string, before: Asked['format']): Asked['format'] | undefined {
  if (letter === 'f') return 'full';
  return 'eAadw'.includes(letter) ? before : undefined;
}

function bsdFormat(letter: string, before: Asked['format']): Asked['format'] | undefined {
  if (letter === 'u') return 'user';
  if (!'axw'.includes(letter)) return undefined;
  return before === 'few' ? 'bsd' : before;
}

function takesList(asked: Asked, text: string, next: string | undefined): boolean {
  const list = text === '' ? (next ?? '') : text;
  if (list === '') throw refused('list of format specifiers must follow -o');
  asked.chosen.push(...columnsNamed(list));
  return text === '';
}

/** `pid,cmd`; what follows an equals sign is a title, to the end. */
function columnsNamed(list: string): PsColumn[] {
  const [, names = '', title] = /^([^=]*)(?:=([^]*))?$/.exec(list) ?? [];
  const columns = names.split(/[\s,]+/).flatMap((name) => (name === '' ? [] : [columnNamed(name)]));
  const last = columns.at(-1);
  return title === undefined || last === undefined ? columns : [...columns.slice(0, -1), { ...last, title }];
}

function columnNamed(name: string): PsColumn {
  const column = byWord.get(name.toLowerCase());
  if (column !== undefined) return column;
  throw refused(
    `unknown user-defined format specifier ${JSON.stringify(name)}`,
    `It takes ${[...byWord.keys()].join(', ')}.`,
  );
}

function refused(what: string, hint = 'Use -ef, aux, or -o with columns such as pid,user,args.'): EngineError {
  return new EngineError('invalid-argument', `error: ${what}`, { hint });
}

/** Signal names and numbers of Linux on x86-64 and arm64: signal(7). */
import { EngineError } from '../protocol/errors.ts';

const names = [
  ...[
    'HUP',
    'INT',
    'QUIT',
    'ILL',
    'TRAP',
    'ABRT',
    'BUS',
    'FPE',
    'KILL',
    'USR1',
    'SEGV',
    'USR2',
    'PIPE',
    'ALRM',
    'TERM',
  ],
  ...['STKFLT', 'CHLD', 'CONT', 'STOP', 'TSTP', 'TTIN', 'TTOU', 'URG', 'XCPU', 'XFSZ', 'VTALRM', 'PROF', 'WINCH', 'IO'],
  ...['PWR', 'SYS'],
];
const aliases: Readonly<Record<string, string>> = { IOT: 'ABRT', CLD: 'CHLD', POLL: 'IO' };
const realTimeMin = 34;
const realTimeMax = 64;

/** The number of `TERM`, `SIGTERM`, `15`, `RTMIN+3` or `SIGRTMAX-1`, in any case; `invalid-argument` otherwise. */
export function signalNumber(signal: string): number {
  const number = find(signal.trim().toUpperCase().replace(/^SIG/, ''));
  if (number === undefined || number < 1 || number > realTimeMax)
    throw new EngineError('invalid-argument', `unknown signal "${signal}"`, {
      hint: 'Give a name such as SIGTERM or a number from 1 to 64.',
    });
  return number;
}

function find(name: string): number | undefined {
  if (/^\d+$/.test(name)) return Number(name);
  const realTime = /^RT(MIN|MAX)(?:([+-])(\d+))?$/.exec(name);
  if (realTime) {
    const [, base, sign, digits = '0'] = realTime;
    const number = (base === 'MIN' ? realTimeMin : realTimeMax) + (sign === '-' ? -1 : 1) * Number(digits);
    return number >= realTimeMin ? number : undefined;
  }
  const index = names.indexOf(aliases[name] ?? name);
  return index === -1 ? undefined : index + 1;
}

/** `SIGTERM` for 15; real-time signals relative to SIGRTMIN. */
export function signalName(number: number): string {
  const name = names[number - 1];
  if (name !== undefined) return `SIG${name}`;
  return number === realTimeMin ? 'SIGRTMIN' : `SIGRTMIN+${number - realTimeMin}`;
}

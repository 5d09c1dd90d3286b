import { badFlag } from '../command/usage-error.ts';
import { signalNumbers } from '../../contract/signal-numbers.ts';

/** `9`, `KILL`, `sigkill`, `SIGRTMIN+3` → `SIGKILL`, or the number for real-time signals. */
export function parseSignal(text: string, flag = '--signal'): string {
  const word = text.toUpperCase().replace(/^SIG/, '');
  if (signalNumbers[word] !== undefined) return `SIG${word}`;
  const number = realTime(word) ?? (/^[0-9]{1,2}$/.test(word) ? Number(word) : 0);
  const name = Object.entries(signalNumbers).find(([, value]) => value === number)?.[0];
  if (name !== undefined) return `SIG${name}`;
  if (number >= 34 && number <= 64) return String(number);
  throw badFlag(flag, text, 'there is no such signal', 'Use a name or number of signal(7), such as TERM or 15.');
}

/** glibc keeps 32 and 33 for itself, so SIGRTMIN is 34. */
function realTime(word: string): number | undefined {
  const match = /^RT(MIN|MAX)(?:([+-])([0-9]{1,2}))?$/.exec(word);
  if (match === null) return undefined;
  const offset = Number(match[3] ?? 0) * (match[2] === '-' ? -1 : 1);
  return (match[1] === 'MIN' ? 34 : 64) + offset;
}

/** What /proc tells of one process (proc_pid_stat(5), proc_pid_status(5)), and numbers made of it as ps(1) does. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Paths } from './paths.ts';
import { statusFields } from './processes.ts';

const ticksPerSecond = 100;
export const kibibyte = 1024;
export const pageSize = 4096;

export interface ProcessFacts {
  readonly pid: number;
  readonly status: ReadonlyMap<string, string>;
  /** Fields of /proc/PID/stat from the state on: index 0 is field 3. */
  readonly stat: readonly string[];
  readonly command: string;
  readonly bootSeconds: number;
}

/** Undefined for a process that has ended meanwhile. */
export function factsOf(paths: Paths, pid: number, bootSeconds: number): ProcessFacts | undefined {
  try {
    const read = (name: string): string => readFileSync(join(paths.proc, String(pid), name), 'utf8');
    const stat = read('stat');
    const status = statusFields(read('status'));
    const command = read('cmdline').replaceAll('\0', ' ').trimEnd() || `[${status.get('Name') ?? ''}]`;
    // The name before the fields stands in parentheses and may hold any character.
    return { pid, status, stat: stat.slice(stat.lastIndexOf(')') + 2).split(' '), command, bootSeconds };
  } catch {
    return undefined;
  }
}

/** Seconds since the epoch. */
export function bootTime(paths: Paths): number {
  return Number(/^btime (\d+)$/m.exec(readFileSync(join(paths.proc, 'stat'), 'utf8'))?.[1] ?? 0);
}

/** By its number in the manual page. */
export function field({ stat }: ProcessFacts, number: number): number {
  return Number(stat[number - 3] ?? 0);
}

/** The first of the four ids of `Uid` or `Gid`. */
export function identity({ status }: ProcessFacts, of: 'Uid' | 'Gid'): string {
  return (status.get(of) ?? '').split(/\s+/)[0] ?? '';
}

export function residentKib({ status }: ProcessFacts): number {
  return Number.parseInt(status.get('VmRSS') ?? '0', 10);
}

export function cpuSeconds(facts: ProcessFacts): number {
  return (field(facts, 14) + field(facts, 15)) / ticksPerSecond;
}

export function started(facts: ProcessFacts): Date {
  return new Date((facts.bootSeconds + field(facts, 22) / ticksPerSecond) * 1000);
}

/** Seconds. */
export function age(facts: ProcessFacts): number {
  return Math.max(0, (Date.now() - started(facts).getTime()) / 1000);
}

/** Per cent of one processor over the process's life. */
export function cpuShare(facts: ProcessFacts): number {
  const seconds = age(facts);
  return seconds === 0 ? 0 : (cpuSeconds(facts) / seconds) * 100;
}

/** The state with ps's marks: `<` and N by niceness, s leads a session, l has threads, + is in the foreground. */
export function statWord(facts: ProcessFacts): string {
  const nice = field(facts, 19);
  const marks = [
    [nice < 0, '<'],
    [nice > 0, 'N'],
    [field(facts, 6) === facts.pid, 's'],
    [field(facts, 20) > 1, 'l'],
    [field(facts, 8) === field(facts, 5), '+'],
  ] as const;
  return (facts.stat[0] ?? '') + marks.map(([holds, mark]) => (holds ? mark : '')).join('');
}

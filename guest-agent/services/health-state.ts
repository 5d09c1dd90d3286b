/** What the results of a health check amount to, by Docker's rules. */
import type { Healthcheck } from '../protocol/container-spec.ts';
import type { Health } from '../protocol/container.ts';

export type ProbeResult = Health['log'][number];

const remembered = 5;

export const beginning: Health = { status: 'starting', failingStreak: 0, log: [] };

/** @param runs milliseconds since the container's start: failures of one that is not healthy yet do not count at first */
export function afterProbe(before: Health, result: ProbeResult, check: Healthcheck, runs: number): Health {
  const log = [...before.log, result].slice(-remembered);
  if (result.exitCode === 0) return { status: 'healthy', failingStreak: 0, log };
  if (before.status === 'starting' && runs < check.startPeriod) return { ...before, log };
  const failingStreak = before.failingStreak + 1;
  return { status: failingStreak >= check.retries ? 'unhealthy' : before.status, failingStreak, log };
}

/** Milliseconds until the next probe. */
export function untilProbe({ status }: Health, check: Healthcheck, runs: number): number {
  return status === 'starting' && runs < check.startPeriod ? check.startInterval : check.interval;
}

/** The words to run; undefined: there is no check. */
export function probeCommand(check: Healthcheck | undefined): string[] | undefined {
  const [kind, ...words] = check?.test ?? [];
  if (words.length === 0) return undefined;
  if (kind === 'CMD') return words;
  return kind === 'CMD-SHELL' ? ['/bin/sh', '-c', words.join(' ')] : undefined;
}

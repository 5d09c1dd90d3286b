/**
 * Restart policies, as Docker has them: a container whose process has ended is started again after a delay that doubles
 * with each end soon after a start.
 */
import type { RestartPolicy } from '../protocol/container-spec.ts';

const shortest = 100;
const longest = 60_000;
/** Milliseconds; whoever ran this long was well. */
const well = 10_000;

/** @param count starts by the policy since somebody started it */
export function restartWanted(
  policy: RestartPolicy | undefined,
  { exitCode, stopped, count }: { exitCode: number; stopped: boolean; count: number },
): boolean {
  switch (policy?.name) {
    case 'always':
      return true;
    case 'unless-stopped':
      return !stopped;
    case 'on-failure':
      return exitCode !== 0 && (policy.maximumRetries === 0 || count < policy.maximumRetries);
    default:
      return false;
  }
}

/** Milliseconds to wait after an end. */
export function restartDelay(before: number, ranFor: number): number {
  return before === 0 || ranFor >= well ? shortest : Math.min(before * 2, longest);
}

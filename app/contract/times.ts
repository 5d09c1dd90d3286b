/** Times and states in words, the same at every front door. */
import type { ContainerInfo } from '../../guest-agent/protocol/container.ts';

/** Nanoseconds since the epoch in decimal → RFC 3339 in UTC with nanoseconds; Go's zero time for an empty text. */
export function rfc3339(nano: string): string {
  if (!/^[0-9]+$/.test(nano)) return '0001-01-01T00:00:00Z';
  const value = BigInt(nano);
  const seconds = new Date(Number(value / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(value % 1_000_000_000n).padStart(9, '0')}Z`;
}

export function milliseconds(nano: string): number {
  return /^[0-9]+$/.test(nano) ? Number(BigInt(nano) / 1_000_000n) : 0;
}

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** A span in words, as Docker's: `Less than a second`, `5 minutes`, `2 weeks`. */
export function humanDuration(spanMs: number): string {
  const seconds = Math.floor(Math.max(spanMs, 0) / 1000);
  if (seconds < 1) return 'Less than a second';
  if (seconds < minute) return `${seconds} second${seconds === 1 ? '' : 's'}`;
  if (seconds < 2 * minute) return 'About a minute';
  if (seconds < hour) return `${Math.floor(seconds / minute)} minutes`;
  if (seconds < 2 * hour) return 'About an hour';
  if (seconds < 48 * hour) return `${Math.floor(seconds / hour)} hours`;
  if (seconds < 14 * day) return `${Math.floor(seconds / day)} days`;
  if (seconds < 60 * day) return `${Math.floor(seconds / (7 * day))} weeks`;
  if (seconds < 730 * day) return `${Math.floor(seconds / (30 * day))} months`;
  return `${Math.floor(seconds / (365 * day))} years`;
}

/** Docker's word for the state. */
export function stateWord({ state }: Pick<ContainerInfo, 'state'>): string {
  return state.status === 'exited' && state.restartsAt !== undefined ? 'restarting' : state.status;
}

/** `Up 5 minutes (healthy)`, `Up 2 hours (Paused)`, `Exited (0) 3 seconds ago`, `Created`. */
export function statusWords({ state, health }: Pick<ContainerInfo, 'state' | 'health'>, nowMs: number): string {
  const checked = health === undefined ? '' : ` (${health.status === 'starting' ? 'health: starting' : health.status})`;
  switch (state.status) {
    case 'created':
      return 'Created';
    case 'running':
      return `Up ${humanDuration(nowMs - milliseconds(state.startedAt))}${checked}`;
    case 'paused':
      return `Up ${humanDuration(nowMs - milliseconds(state.startedAt))} (Paused)`;
    case 'exited':
      if (state.restartsAt !== undefined)
        return `Restarting (${state.exitCode}) ${humanDuration(nowMs - milliseconds(state.finishedAt))} ago`;
      return `Exited (${state.exitCode}) ${humanDuration(nowMs - milliseconds(state.finishedAt))} ago`;
  }
}

import { EngineError } from '../../../guest-agent/protocol/errors.ts';
import type { Query } from './decode.ts';
import { nanoseconds } from './filters.ts';

export interface EventRange {
  /** Nanoseconds since the epoch; both absent: nothing of the past. */
  readonly since?: number;
  readonly until?: number;
  /** Milliseconds from now to the end of the range. */
  readonly endsIn?: number;
}

/** @throws EngineError `invalid-argument` */
export function eventRange(query: Query, nowMs: number): EventRange {
  const [since, until] = [timeOf(query, 'since'), timeOf(query, 'until')];
  if (since !== undefined && until !== undefined && since > until)
    throw new EngineError(
      'invalid-argument',
      `\`since\` time (${query.text('since')}) cannot be after \`until\` time (${query.text('until')})`,
    );
  return { since, until, ...(until !== undefined && { endsIn: Math.max(0, until / 1e6 - nowMs) }) };
}

function timeOf(query: Query, name: string): number | undefined {
  const text = query.text(name);
  if (text === '') return undefined;
  const time = nanoseconds(text);
  if (time !== undefined) return Number(time);
  throw new EngineError('invalid-argument', `invalid value for ${JSON.stringify(name)}: ${JSON.stringify(text)}`);
}

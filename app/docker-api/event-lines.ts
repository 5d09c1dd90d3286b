import { delay } from '../base/deadline.ts';
import type { EventMessage } from './codec/event.ts';
import type { EventRange } from './codec/event-range.ts';
import type { EventLog } from './event-log.ts';
import { Queue } from './queue.ts';

/** Events for one client from the moment that it asked, and what the log has of the range, until its end or the signal. */
export function eventLines(
  log: EventLog,
  fits: (message: EventMessage) => boolean,
  range: EventRange,
  signal: AbortSignal,
): AsyncIterable<string> {
  const queue = new Queue<string>();
  const take = (message: EventMessage): void => {
    if (isWithin(message, range) && fits(message)) queue.push(`${JSON.stringify(message)}\n`);
  };
  if (range.since !== undefined || range.until !== undefined) for (const message of log.past()) take(message);
  const source = log.onEvent(take);
  const end = (): void => {
    source[Symbol.dispose]();
    queue.end();
  };
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted || range.endsIn === 0) end();
  else if (range.endsIn !== undefined) delay(range.endsIn, signal).then(end, end);
  return queue;
}

function isWithin({ timeNano }: EventMessage, { since, until }: EventRange): boolean {
  return (since === undefined || timeNano >= since) && (until === undefined || timeNano <= until);
}

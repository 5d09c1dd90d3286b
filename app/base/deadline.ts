import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError } from './error.ts';

/**
 * Runs one named step under a time limit. The step gets a signal that fires when the limit is over, the caller gave up,
 * or the step is over itself; what still returns or throws then is ignored.
 * @param limit milliseconds
 * @throws EngineError `timeout` naming the step; the caller's abort reason when it aborted.
 */
export async function withDeadline<T>(
  step: string,
  limit: number,
  work: (signal: AbortSignal) => Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  outer?.throwIfAborted();
  const own = new AbortController();
  const signal = outer === undefined ? own.signal : AbortSignal.any([outer, own.signal]);
  const late = () => own.abort(new EngineError('timeout', `${step} did not finish within ${limit / 1000} s.`));
  const timer = setTimeout(late, limit);
  const given = aborted(signal);
  try {
    return await Promise.race([work(signal), given.promise]);
  } catch (error) {
    throw signal.aborted ? asError(signal.reason) : error;
  } finally {
    clearTimeout(timer);
    given[Symbol.dispose]();
    // Ends what a step that is over (a lost race, a poll) left running.
    own.abort(new Error(`${step} is over.`));
  }
}

/** Waits; @throws the signal's reason when it fires first. */
export async function delay(milliseconds: number, signal?: AbortSignal): Promise<void> {
  try {
    await sleep(milliseconds, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    throw signal?.aborted === true ? asError(signal.reason) : error;
  }
}

/** Tries until `attempt` gives a value; pauses between tries. @throws the signal's reason when it fires first. */
export async function pollUntil<T>(
  attempt: () => Promise<T | undefined>,
  pause: number,
  signal: AbortSignal,
): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    const value = await attempt();
    if (value !== undefined) return value;
    await delay(pause, signal);
  }
}

export function asError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value));
}

/** A promise that rejects with the signal's reason once it fires; disposing it stops listening. */
function aborted(signal: AbortSignal): Disposable & { readonly promise: Promise<never> } {
  const { promise, reject } = Promise.withResolvers<never>();
  const fail = () => reject(asError(signal.reason));
  signal.addEventListener('abort', fail, { once: true });
  return { promise, [Symbol.dispose]: () => signal.removeEventListener('abort', fail) };
}

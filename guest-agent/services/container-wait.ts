/** Waiting for a container's end, without a moment in which the end could be missed. */
import { EngineError } from '../protocol/errors.ts';
import type { Exited } from './container-state.ts';
import { isActive, isRestarting } from './container-state.ts';
import type { Container } from './container.ts';
import type { Engine } from './engine.ts';

export interface WaitResult {
  readonly exitCode: number;
  readonly error?: string;
}

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

export interface WaitFor {
  readonly id: string;
  readonly condition: WaitCondition;
  /** The caller has lost the connection on which it asked first: an end since then is the answer. */
  readonly again?: boolean;
}

/**
 * `not-running`: at once unless it runs or is about to run again. `next-exit`: the end that comes next. `removed`: when it is gone, with the code of its
 * last end. A container that is removed answers all of them.
 * @throws EngineError `no-such-container`, `cancelled`
 */
export function waitContainer(
  engine: Engine,
  { id, condition, again = false }: WaitFor,
  signal: AbortSignal,
): Promise<WaitResult> {
  const gone = again ? engine.containers.endOf(id) : undefined;
  if (gone !== undefined) return Promise.resolve(resultOf(gone));
  const container = engine.containers.get(id);
  const { state } = container.record;
  const over = condition === 'not-running' && !isActive(state) && !isRestarting(state);
  const missed = condition === 'next-exit' && again && state.status === 'exited';
  if (over || missed) return Promise.resolve(lastEnd(container));
  const { promise, resolve, reject } = Promise.withResolvers<WaitResult>();
  const cancel = (): void => reject(new EngineError('cancelled', `Waiting for ${container.name} was cancelled.`));
  const forget = [container.onRemoved(() => resolve(lastEnd(container)))];
  const ended = (end: Exited): void => {
    if (condition === 'not-running' && isRestarting(end)) forget.push(container.onExit(ended));
    else resolve(resultOf(end));
  };
  if (condition !== 'removed') forget.push(container.onExit(ended));
  if (signal.aborted) cancel();
  signal.addEventListener('abort', cancel);
  return promise.finally(() => {
    signal.removeEventListener('abort', cancel);
    for (const step of forget) step();
  });
}

function lastEnd({ record }: Container): WaitResult {
  return record.state.status === 'exited' ? resultOf(record.state) : { exitCode: 0 };
}

function resultOf({ exitCode, error }: Exited): WaitResult {
  return error === undefined ? { exitCode } : { exitCode, error };
}

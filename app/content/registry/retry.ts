import { asError, delay } from '../../base/deadline.ts';
import type { EngineError } from '../../base/error.ts';

/** A failure that may pass. */
export interface Failure {
  /** HTTP status of the answer; absent when there was none. */
  readonly status?: number;
  /** Milliseconds that the registry asked to be left alone for. */
  readonly retryAfter?: number;
  /** Of the connection, such as `ECONNRESET`. */
  readonly code?: string;
}

export interface RetryPolicy {
  /** Most tries in a row that bring nothing. */
  readonly tries: number;
  /** Milliseconds before the second try; doubled each time. */
  readonly firstWait: number;
  readonly wait: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
}

export const defaultRetryPolicy: RetryPolicy = { tries: 5, firstWait: 500, wait: delay };

const LONGEST_WAIT = 30_000;
/** A registry that wants to be left alone for longer is not waited for: the user is told. */
const LONGEST_RETRY_AFTER = 120_000;
const passingStatus: readonly number[] = [408, 429, 500, 502, 503, 504];
const passingCodes: readonly string[] = [
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'HPE_INVALID_EOF_STATE',
];
/** Passes when the registry worked a moment ago. */
const passingLater: readonly string[] = ['ECONNREFUSED', 'ENOTFOUND'];

/**
 * Milliseconds to wait before the next try; undefined when there is none.
 * @param tried tries so far that brought nothing, at least 1
 * @param begun the registry has answered before
 * @param random 0 to 1, so that many clients do not come back at the same moment
 */
export function waitBeforeRetry(
  failure: Failure,
  { tried, begun, random }: { tried: number; begun: boolean; random: number },
  { tries, firstWait }: Pick<RetryPolicy, 'tries' | 'firstWait'>,
): number | undefined {
  const { status, code = '', retryAfter = 0 } = failure;
  const passes =
    status === undefined
      ? passingCodes.includes(code) || (begun && passingLater.includes(code))
      : passingStatus.includes(status);
  if (!passes || tried >= tries || retryAfter > LONGEST_RETRY_AFTER) return undefined;
  const backOff = Math.min(LONGEST_WAIT, firstWait * 2 ** (tried - 1)) * (1 + random / 2);
  return Math.max(backOff, retryAfter);
}

/** `Retry-After` in milliseconds: seconds or a date (RFC 9110, section 10.2.3). */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^[0-9]+$/.test(value.trim())) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

/** An error that carries a {@link Failure}. */
export class PassingError extends Error {
  readonly failure: Failure;
  /** What the user is told when no try helps. */
  readonly told: EngineError;

  constructor(failure: Failure, told: EngineError) {
    super(told.message, { cause: told });
    this.failure = failure;
    this.told = told;
  }
}

export interface Tries {
  readonly policy: RetryPolicy;
  readonly signal?: AbortSignal;
  readonly onRetry?: (why: string) => void;
  /** A figure that grows with what was achieved: tries are counted anew from there. */
  readonly achieved?: () => number;
}

/** Repeats work that fails by a {@link PassingError} while that makes sense. @throws EngineError, the signal's reason */
export async function retrying<T>(
  work: () => Promise<T>,
  { policy, signal, onRetry, achieved = () => 0 }: Tries,
): Promise<T> {
  let best = achieved();
  for (let tried = 1; ; tried++) {
    try {
      signal?.throwIfAborted();
      return await work();
    } catch (error) {
      if (signal?.aborted === true) throw asError(signal.reason);
      if (!(error instanceof PassingError)) throw error;
      const now = achieved();
      if (now > best) tried = 1;
      best = Math.max(best, now);
      const wait = waitBeforeRetry(error.failure, { tried, begun: best > 0, random: Math.random() }, policy);
      if (wait === undefined) throw error.told;
      onRetry?.(error.message);
      await policy.wait(wait, signal);
    }
  }
}

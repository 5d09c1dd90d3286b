import { pino } from 'pino';
import { BoundedFile } from './bounded-file.ts';

/** What the product's parts write to: structured facts first, then a sentence. */
export type Log = Pick<pino.Logger, 'debug' | 'info' | 'warn' | 'error'>;

export interface LogOptions {
  readonly file: string;
  readonly level?: 'debug' | 'info' | 'warn' | 'error';
  /** Per file; one older file is kept. Default 8 MiB. */
  readonly maxBytes?: number;
}

/** One JSON object a line, in a file of bounded size. */
export function openLog({ file, level = 'info', maxBytes = 8 * 2 ** 20 }: LogOptions): Log & Disposable {
  const target = new BoundedFile(file, maxBytes);
  const logger = pino({ level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, target);
  return Object.assign(logger, { [Symbol.dispose]: () => target[Symbol.dispose]() });
}

/** For callers that want no log. */
export const silentLog: Log = pino({ level: 'silent' });

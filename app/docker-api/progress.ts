/** Answers that tell how far a piece of work is, in lines of Docker's JSON. */
import { randomUUID } from 'node:crypto';
import { asError } from '../base/deadline.ts';
import type { ApiRequest, Reply } from './api.ts';
import { apiError } from './codec/error.ts';
import { failureLine, lineText, transferLine, type ProgressLine } from './codec/transfer.ts';
import { Queue } from './queue.ts';

export type Tell = (line: ProgressLine) => void;

export interface ProgressOptions {
  /** What errors are about. */
  readonly subject?: string;
  /** Any failure is a line; else one before the second line is the answer's status. */
  readonly alwaysFine?: boolean;
}

/** @param work is given the word that marks the `transfer` events to tell */
export async function withProgress(
  { engine, signal }: ApiRequest,
  { subject = '', alwaysFine = false }: ProgressOptions,
  work: (transfer: string, tell: Tell) => Promise<void>,
): Promise<Reply> {
  const transfer = randomUUID();
  const queue = new Queue<string>();
  const held: ProgressLine[] = [];
  let moving = alwaysFine;
  const put = (line?: ProgressLine): void => {
    moving = true;
    for (const one of [...held.splice(0), ...(line === undefined ? [] : [line])]) queue.push(lineText(one));
  };
  const source = engine.onHostEvent((event) => {
    if (event.kind === 'transfer' && event.transfer === transfer) put(transferLine(event));
  });
  const tell: Tell = (line) => (held.length === 0 && !moving ? void held.push(line) : put(line));
  signal.addEventListener('abort', () => queue.end(), { once: true });
  void work(transfer, tell)
    .then(() => {
      put();
      queue.end();
    })
    .catch((error: unknown) => {
      if (moving) put(failureLine(apiError(error, subject).message));
      queue.end(moving ? undefined : asError(error));
    })
    .finally(() => source[Symbol.dispose]());
  await queue.first();
  return { kind: 'stream', type: 'application/json', bytes: queue };
}

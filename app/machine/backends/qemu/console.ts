import type { Readable } from 'node:stream';
import { BoundedFile } from '../../../base/bounded-file.ts';
import { Listeners } from '../../../base/disposable.ts';
import type { GuestConsole } from '../../machine.ts';

const LINES_KEPT = 400;
const LONGEST_LINE = 4096;
const LOG_BYTES = 4 * 2 ** 20;

/** Follows a guest's console: into a bounded file, and line by line to whoever listens. */
export class ConsoleFollower implements GuestConsole, Disposable {
  readonly #lines: string[] = [];
  readonly #listeners = new Listeners<string>();
  readonly #file: BoundedFile;
  #rest = '';

  /** @param heading is written first, as the file holds several boots. */
  constructor(source: Readable, logFile: string, heading: string) {
    this.#file = new BoundedFile(logFile, LOG_BYTES);
    this.#file.write(`--- ${heading}\n`);
    source.setEncoding('utf8');
    source.on('data', (text: string) => this.#receive(text));
    source.once('close', () => this[Symbol.dispose]());
    source.on('error', () => undefined);
  }

  tail(count: number): string {
    const all = this.#rest === '' ? this.#lines : [...this.#lines, this.#rest];
    return all.slice(-count).join('\n');
  }

  onLine(listener: (line: string) => void): Disposable {
    return this.#listeners.add(listener);
  }

  async saw(text: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#lines.some((line) => line.includes(text))) return;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const listening = this.onLine((line) => {
      if (line.includes(text)) resolve(undefined);
    });
    const stop = () => reject(new Error('aborted'));
    signal.addEventListener('abort', stop, { once: true });
    try {
      await promise;
    } finally {
      listening[Symbol.dispose]();
      signal.removeEventListener('abort', stop);
    }
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  #receive(text: string): void {
    this.#file.write(text);
    const lines = (this.#rest + text).split(/\r*\n/);
    this.#rest = (lines.pop() ?? '').slice(-LONGEST_LINE);
    for (const line of lines) {
      this.#lines.push(line);
      if (this.#lines.length > LINES_KEPT) this.#lines.shift();
      this.#listeners.emit(line);
    }
  }
}

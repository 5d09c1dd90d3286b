import { closeSync, fstatSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { isErrno } from './atomic-file.ts';

/**
 * A log that never takes more than about twice `maxBytes`: when full it becomes `FILE.1`, replacing the one before.
 * Writes are synchronous, so that the last line before a crash is there.
 */
export class BoundedFile implements Disposable {
  readonly path: string;
  readonly #maxBytes: number;
  #fd: number;
  #size: number;

  constructor(path: string, maxBytes: number) {
    this.path = path;
    this.#maxBytes = maxBytes;
    this.#fd = openSync(path, 'a', 0o600);
    this.#size = fstatSync(this.#fd).size;
  }

  write(chunk: string | Uint8Array): void {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    if (this.#size > 0 && this.#size + bytes.length > this.#maxBytes) this.#rotate();
    for (let done = 0; done < bytes.length;) done += writeSync(this.#fd, bytes, done);
    this.#size += bytes.length;
  }

  [Symbol.dispose](): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #rotate(): void {
    closeSync(this.#fd);
    renameSync(this.path, `${this.path}.1`);
    this.#fd = openSync(this.path, 'a', 0o600);
    this.#size = 0;
  }
}

/** The last lines of a text file (and of the one rotated away, where it holds too few); '' where there is none. */
export function lastLines(path: string, count: number): string {
  const lines = linesOf(path);
  const all = lines.length < count ? [...linesOf(`${path}.1`), ...lines] : lines;
  return all.slice(-count).join('\n');
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').replaceAll('\r', '').trimEnd().split('\n');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}

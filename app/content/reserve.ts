import { appendFileSync, rmSync, statSync } from 'node:fs';
import { EngineError } from '../base/error.ts';
import { isFull } from './disk-full.ts';

/** More than the write-ahead log of some removals takes. */
const BYTES = 512 * 1024;
/** Zeros might take no room at all. */
const PIECE = Buffer.alloc(32 * 1024, 'room for removals ');

/** Room on the disk that is kept for what makes room: a removal has to be written down, too. */
export class Reserve {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Lays room aside, as much as there is. */
  fill(): void {
    try {
      for (let size = this.#size; size < BYTES; size += PIECE.length)
        appendFileSync(this.#path, PIECE, { mode: 0o600 });
    } catch (error) {
      if (!isFull(error)) throw error;
    }
  }

  /** Does the work; once more with the room given free when the disk was full. */
  spend<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      const full = isFull(error) || (error instanceof EngineError && error.code === 'disk-full');
      if (!full || this.#size === 0) throw error;
      rmSync(this.#path);
      return work();
    }
  }

  get #size(): number {
    return statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0;
  }
}

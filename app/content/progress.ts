import { Listeners } from '../base/disposable.ts';
import type { Digest } from './digest.ts';

export type BlobState = 'waiting' | 'moving' | 'retrying' | 'present' | 'mounted' | 'done';

/** How far one blob is. */
export interface BlobProgress {
  readonly digest: Digest;
  readonly state: BlobState;
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Why it has to be tried again; else empty. */
  readonly detail: string;
}

export type BlobListener = (progress: BlobProgress) => void;

/** Milliseconds between two reports of the same state. */
const PAUSE = 100;

/** Reports one blob to all who wait for it: every change of its state, and its bytes some times a second. */
export class Progress {
  readonly #listeners = new Listeners<BlobProgress>();
  #last: BlobProgress;
  #toldAt = 0;

  constructor(digest: Digest, totalBytes: number) {
    this.#last = { digest, state: 'waiting', doneBytes: 0, totalBytes, detail: '' };
  }

  /** The listener hears at once how far it is. */
  listen(listener: BlobListener): Disposable {
    listener(this.#last);
    return this.#listeners.add(listener);
  }

  tell(state: BlobState, doneBytes = this.#last.doneBytes, detail = ''): void {
    const now = performance.now();
    const isSoon = state === this.#last.state && state === 'moving' && now - this.#toldAt < PAUSE;
    this.#last = { ...this.#last, state, doneBytes, detail };
    if (isSoon) return;
    this.#toldAt = now;
    this.#listeners.emit(this.#last);
  }
}

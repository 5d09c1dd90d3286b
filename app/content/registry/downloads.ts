import pLimit from 'p-limit';
import { asError, withDeadline } from '../../base/deadline.ts';
import { takeTurn } from '../../base/turn.ts';
import type { BlobStore } from '../blobs.ts';
import type { Digest } from '../digest.ts';
import { download } from './download.ts';
import type { Wanted } from './download.ts';
import type { BlobListener, BlobState } from '../progress.ts';
import { Progress } from '../progress.ts';
import type { RetryPolicy } from './retry.ts';

/** As many as Docker takes. */
const AT_A_TIME = 3;
const noLimit = 2 ** 31 - 1;

export interface FetchOptions {
  readonly blobs: BlobStore;
  readonly retry: RetryPolicy;
  readonly signal?: AbortSignal;
  readonly onProgress: BlobListener;
}

interface Running {
  readonly done: Promise<void>;
  readonly progress: Progress;
}

/** All downloads into one store: some at a time, and each blob once, however many pulls want it. */
export class Downloads {
  readonly #running = new Map<Digest, Running>();
  readonly #slots = pLimit(AT_A_TIME);

  /**
   * Brings a blob into the store. One that another pull has begun is waited for; when that pull gives up, this one goes on
   * where it was left.
   * @returns false when it was here
   */
  async fetch(wanted: Wanted, options: FetchOptions): Promise<boolean> {
    const { signal, onProgress } = options;
    for (;;) {
      signal?.throwIfAborted();
      const other = this.#running.get(wanted.digest);
      if (other === undefined) return this.#begin(wanted, options);
      const listening = other.progress.listen(onProgress);
      try {
        await withDeadline('Waiting for another pull', noLimit, () => other.done, signal);
        return true;
      } catch {
        if (signal?.aborted === true) throw asError(signal.reason);
      } finally {
        listening[Symbol.dispose]();
      }
    }
  }

  async #begin(wanted: Wanted, options: FetchOptions): Promise<boolean> {
    const { digest, size } = wanted;
    const progress = new Progress(digest, size);
    const listening = progress.listen(options.onProgress);
    let fetched = false;
    const work = async () => {
      const state: BlobState = (await options.blobs.isWhole(digest)) ? 'present' : 'done';
      fetched = state === 'done';
      if (fetched) await this.#download(wanted, options, progress);
      progress.tell(state, size);
    };
    const done = work().finally(() => {
      this.#running.delete(digest);
      listening[Symbol.dispose]();
    });
    this.#running.set(digest, { done, progress });
    await done;
    return fetched;
  }

  /** Who waits before the next try lets others go first. */
  async #download(wanted: Wanted, { blobs, retry, signal }: FetchOptions, progress: Progress): Promise<void> {
    let turn = await takeTurn(this.#slots, signal);
    const wait: RetryPolicy['wait'] = async (milliseconds, stop) => {
      turn[Symbol.dispose]();
      await retry.wait(milliseconds, stop);
      turn = await takeTurn(this.#slots, stop);
    };
    try {
      await download(blobs, wanted, {
        ...{ retry: { ...retry, wait }, signal },
        onBytes: (done) => progress.tell('moving', done),
        onRetry: (why) => progress.tell('retrying', undefined, why),
      });
    } finally {
      turn[Symbol.dispose]();
    }
  }
}

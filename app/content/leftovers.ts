/**
 * What of the blobs nobody needs: neither a record nor work under way. Each is asked about in the very step in which it
 * loses its place, so whoever pins a blob before looking for it may rely on what is found, whatever is removed meanwhile.
 */
import type { BlobStore } from './blobs.ts';
import type { Digest } from './digest.ts';
import type { ImageIndex } from './image-index.ts';
import type { Lease } from './pins.ts';
import { Pins } from './pins.ts';

type Candidates = ReadonlySet<Digest>;

export class Leftovers {
  readonly #blobs: BlobStore;
  readonly #index: ImageIndex;
  readonly #pins = new Pins();

  constructor(blobs: BlobStore, index: ImageIndex) {
    this.#blobs = blobs;
    this.#index = index;
  }

  lease(): Lease {
    return this.#pins.lease();
  }

  /** Removes those of the candidates (all, if undefined) that nobody needs; returns the bytes that the disk got back. */
  sweep(candidates?: Candidates): Promise<number> {
    return this.#blobs.sweep(this.#unneeded(candidates));
  }

  /** Keeps them aside instead, for a pull that wants them. */
  shelve(candidates?: Candidates): Promise<void> {
    return this.#blobs.shelve(this.#unneeded(candidates));
  }

  /** Runs work that brings blobs in; those that no record mentions afterwards go again. */
  async bringIn<T>(work: (pin: (digest: Digest) => void) => Promise<T>): Promise<T> {
    const lease = this.#pins.lease();
    try {
      return await work((digest) => lease.pin(digest));
    } finally {
      lease[Symbol.dispose]();
      await this.sweep(lease.pinned);
    }
  }

  /** What is read meanwhile is not swept. */
  async *keeping(digests: Candidates, bytes: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
    const lease = this.#pins.lease();
    for (const digest of digests) lease.pin(digest);
    try {
      yield* bytes;
    } finally {
      lease[Symbol.dispose]();
      await this.sweep(lease.pinned);
    }
  }

  #unneeded(candidates: Candidates | undefined): (digest: Digest) => boolean {
    return (digest) => (candidates?.has(digest) ?? true) && !this.#pins.has(digest) && !this.#index.mentions(digest);
  }
}

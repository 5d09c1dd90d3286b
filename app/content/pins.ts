import type { Digest } from './digest.ts';

export interface Lease extends Disposable {
  pin(digest: Digest): void;
  /** What was pinned, also after the lease has ended. */
  readonly pinned: ReadonlySet<Digest>;
}

/** Blobs that work under way relies on, though no record mentions them yet. */
export class Pins {
  readonly #leases = new Set<ReadonlySet<Digest>>();

  lease(): Lease {
    const pinned = new Set<Digest>();
    this.#leases.add(pinned);
    return {
      pinned,
      pin: (digest) => pinned.add(digest),
      [Symbol.dispose]: () => this.#leases.delete(pinned),
    };
  }

  has(digest: Digest): boolean {
    return [...this.#leases].some((pinned) => pinned.has(digest));
  }
}

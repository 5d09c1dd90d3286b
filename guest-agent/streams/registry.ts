/** One-time tokens for byte streams: an answer gives the token out, the next connection that names it gets the bytes. */
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { tokenLifetimeMs } from '../protocol/stream-format.ts';

/** Takes over the stream: from here on the opener ends or destroys it. */
export type StreamOpener = (stream: Duplex) => void;

interface Offer {
  open: StreamOpener;
  timer: NodeJS.Timeout;
}

export class StreamRegistry {
  readonly #offers = new Map<string, Offer>();
  readonly #lifetimeMs: number;

  constructor(lifetimeMs: number = tokenLifetimeMs) {
    this.#lifetimeMs = lifetimeMs;
  }

  /** `onUnused` runs when the token expires without having been used. */
  offer(open: StreamOpener, onUnused?: () => void): string {
    const token = randomBytes(16).toString('hex');
    const timer = setTimeout(() => {
      this.#offers.delete(token);
      onUnused?.();
    }, this.#lifetimeMs);
    timer.unref();
    this.#offers.set(token, { open, timer });
    return token;
  }

  /** The opener of a token that was neither used nor expired; a second call with the same token finds nothing. */
  take(token: string): StreamOpener | undefined {
    const offer = this.#offers.get(token);
    if (offer === undefined) return undefined;
    clearTimeout(offer.timer);
    this.#offers.delete(token);
    return offer.open;
  }

  get size(): number {
    return this.#offers.size;
  }
}

import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { tokenLifetimeMs } from '../../guest-agent/protocol/index.ts';
import { join } from '../base/streams.ts';
import type { Guest } from '../guest/guest.ts';

/** Takes over a front door's stream: from here on the opener ends or destroys it. */
export type StreamOpener = (stream: Duplex) => void;

interface Offer {
  readonly open: StreamOpener;
  readonly timer: NodeJS.Timeout;
}

/** One-time tokens for the byte streams of front doors. */
export class StreamTokens {
  readonly #offers = new Map<string, Offer>();
  readonly #lifetime: number;

  /** @param lifetime milliseconds */
  constructor(lifetime: number = tokenLifetimeMs) {
    this.#lifetime = lifetime;
  }

  /** `onUnused` runs when nobody came in time. */
  offer(open: StreamOpener, onUnused?: () => void): string {
    const token = randomBytes(16).toString('hex');
    const expire = (): void => {
      this.#offers.delete(token);
      onUnused?.();
    };
    const timer = setTimeout(expire, this.#lifetime);
    timer.unref();
    this.#offers.set(token, { open, timer });
    return token;
  }

  /** The bytes of a guest's token; the guest's stream is opened when the front door opens its own. */
  offerGuest(guest: Guest, guestToken: string): string {
    return this.offer((client) => void joinGuest(guest, guestToken, client));
  }

  take(token: string): StreamOpener | undefined {
    const offer = this.#offers.get(token);
    if (offer === undefined) return undefined;
    clearTimeout(offer.timer);
    this.#offers.delete(token);
    return offer.open;
  }
}

async function joinGuest(guest: Guest, token: string, client: Duplex): Promise<void> {
  try {
    await join(client, await guest.openStream(token));
  } catch {
    client.destroy();
  }
}

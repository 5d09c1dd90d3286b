/**
 * Clients of Docker attach to a container before they start it. Our containers have no stream before they run: such a client
 * waits here, and the start gives it the first byte.
 */
import type { Duplex } from 'node:stream';
import type { EventMessage } from './codec/event.ts';

/** The stream of the start; `running`: somebody else started it, or has that stream; `gone`: it will not run. */
export type Begun = Duplex | 'running' | 'gone';

/** Answers whether it was still waited for. */
type Waiter = (begun: Begun) => boolean;

export class PendingAttaches {
  readonly #waiters = new Map<string, Set<Waiter>>();

  /** Resolves with `gone` when the signal fires. */
  wait(container: string, signal: AbortSignal): Promise<Begun> {
    const { promise, resolve } = Promise.withResolvers<Begun>();
    const waiters = this.#waiters.get(container) ?? new Set();
    this.#waiters.set(container, waiters);
    let over = false;
    const waiter: Waiter = (begun) => {
      if (over) return false;
      over = true;
      resolve(begun);
      return true;
    };
    const leave = (): void => {
      waiters.delete(waiter);
      if (waiters.size === 0 && this.#waiters.get(container) === waiters) this.#waiters.delete(container);
      waiter('gone');
    };
    waiters.add(waiter);
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
    return promise.finally(() => signal.removeEventListener('abort', leave));
  }

  /** Those who wait, for a start that is about to be made; nobody else starts them from then on. */
  take(container: string): Waiter[] {
    const waiters = [...(this.#waiters.get(container) ?? [])];
    this.#waiters.delete(container);
    return waiters;
  }

  /** A start or an end that came from another front door. */
  note({ Type, Action, Actor }: EventMessage): void {
    if (Type !== 'container' || (Action !== 'start' && Action !== 'destroy')) return;
    for (const waiter of this.take(Actor.ID)) waiter(Action === 'start' ? 'running' : 'gone');
  }
}

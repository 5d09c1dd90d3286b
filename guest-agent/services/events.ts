/** `changed` notifications: what changed, with Docker's word for it; every control connection gets each one. */
import type { ChangedEvent } from '../protocol/event.ts';
import { nowNano } from './clock.ts';

export type EventListener = (event: ChangedEvent) => void;

type Attributes = Readonly<Record<string, string>>;

export class Events {
  readonly #listeners = new Set<EventListener>();
  readonly #factsOf: (container: string) => Attributes;

  /** @param factsOf name, image and labels of a container that is there: they go with each word about it and its execs */
  constructor(factsOf: (container: string) => Attributes = () => ({})) {
    this.#factsOf = factsOf;
  }

  /** The answer removes the listener. */
  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  emit(kind: ChangedEvent['kind'], id: string, action: string, given: Attributes = {}): void {
    if (this.#listeners.size === 0) return;
    const container = kind === 'exec' ? given['container'] : kind === 'container' ? id : undefined;
    const attributes = { ...(container !== undefined && this.#factsOf(container)), ...given };
    const hasAny = Object.keys(attributes).length > 0;
    const event: ChangedEvent = { kind, id, action, timeNano: nowNano(), ...(hasAny && { attributes }) };
    for (const listener of this.#listeners) listener(event);
  }
}

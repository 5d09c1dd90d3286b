import { Listeners } from '../base/disposable.ts';
import type { HostEvent } from '../contract/index.ts';
import { eventMessage, type EventMessage } from './codec/event.ts';
import type { DockerHost } from './docker-host.ts';

/** As many as Docker keeps for those who ask later. */
const kept = 256;

/** The machine's events since the service began: the last ones, and each one as it comes. */
export class EventLog implements Disposable {
  readonly #messages: EventMessage[] = [];
  readonly #listeners = new Listeners<EventMessage>();
  readonly #source: Disposable;

  constructor(host: Pick<DockerHost, 'onEvent'>, machine: string) {
    this.#source = host.onEvent((event) => this.#take(event, machine));
  }

  past(): readonly EventMessage[] {
    return [...this.#messages];
  }

  onEvent(listener: (message: EventMessage) => void): Disposable {
    return this.#listeners.add(listener);
  }

  [Symbol.dispose](): void {
    this.#source[Symbol.dispose]();
  }

  /** What this front door does by itself, in many calls of the engine's, or only sees here. */
  note(
    kind: 'container' | 'image' | 'network' | 'volume',
    ...[action, attributes, id = '']: [action: string, attributes: Record<string, string>, id?: string]
  ): void {
    this.#keep(eventMessage({ kind, id, action, timeNano: `${Date.now()}000000`, attributes }));
  }

  #take(event: HostEvent, machine: string): void {
    if (event.kind === 'image' || (event.kind === 'guest' && event.machine === machine))
      this.#keep(eventMessage(event.changed));
  }

  #keep(message: EventMessage | undefined): void {
    if (message === undefined) return;
    this.#messages.push(message);
    if (this.#messages.length > kept) this.#messages.shift();
    this.#listeners.emit(message);
  }
}

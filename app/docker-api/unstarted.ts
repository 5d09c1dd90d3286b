/**
 * What this socket has made and nobody has started yet: clients attach, wait and start right after they have made a
 * container or an exec, and the guest need not be asked each time what the socket itself has told it.
 */
import type { EventMessage } from './codec/event.ts';

export interface Terminal {
  readonly tty: boolean;
  readonly openStdin: boolean;
  /** Of a container: its stdin ends with the first client. */
  readonly stdinOnce: boolean;
  /** Of an exec: absent is true. */
  readonly attachStdout?: boolean | undefined;
  readonly attachStderr?: boolean | undefined;
  /** Of an exec, in Docker's words. */
  readonly detachKeys?: string;
}

/** Beyond so many the oldest is forgotten: it is asked for then. */
const most = 1024;

export class Unstarted {
  readonly #terminals = new Map<string, Terminal>();

  add(id: string, terminal: Terminal): void {
    this.#terminals.set(id, terminal);
    const [oldest] = this.#terminals.keys();
    if (this.#terminals.size > most && oldest !== undefined) this.#terminals.delete(oldest);
  }

  /** Undefined for what is named otherwise than by its whole id. */
  get(id: string): Terminal | undefined {
    return this.#terminals.get(id);
  }

  /** For a start that is about to be made. */
  take(id: string): Terminal | undefined {
    const terminal = this.#terminals.get(id);
    this.#terminals.delete(id);
    return terminal;
  }

  /** A start or an end that came from another front door. */
  note({ Type, Action, Actor }: EventMessage): void {
    if (Type === 'container' && (Action === 'start' || Action === 'destroy')) this.#terminals.delete(Actor.ID);
  }
}

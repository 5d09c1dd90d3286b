/** One container in memory: its record, the lock of its operations, and who waits for its end. */
import type { Health } from '../protocol/container.ts';
import type { Exited } from './container-state.ts';
import { Mutex } from './mutex.ts';
import type { ContainerRecord } from './records.ts';

export class Container {
  readonly record: ContainerRecord;
  /** Held by what must not overlap: start, update, rename, remove. Ends of processes are noted without it. */
  readonly mutex = new Mutex();
  /** True from the moment that removal can't be undone. */
  removed = false;
  /** Its end is followed by a start: it is not removed even when it goes by itself otherwise. */
  restarting = false;
  /** Somebody ends its process just now: that is no end for its restart policy. */
  stopping = false;
  /** The start that its restart policy has arranged. */
  restartTimer: NodeJS.Timeout | undefined;
  /** Milliseconds between the last end and the start that followed by itself. */
  restartDelay = 0;
  health: Health | undefined;
  /** Ends its health check. */
  endProbes: (() => void) | undefined;
  /** Changes with each start, so that a late word about an earlier process is known as such. */
  run = 0;
  /** Takes back what start arranged for while the process runs. */
  readonly whileRunning: (() => void)[] = [];
  readonly #exits = new Set<(state: Exited) => void>();
  readonly #removals = new Set<() => void>();

  constructor(record: ContainerRecord) {
    this.record = record;
  }

  get id(): string {
    return this.record.id;
  }

  /** For people: the name, which messages begin with. */
  get name(): string {
    return this.record.name;
  }

  /** Each listener is called at most once; the answer takes it back. */
  onExit(listener: (state: Exited) => void): () => void {
    this.#exits.add(listener);
    return () => void this.#exits.delete(listener);
  }

  onRemoved(listener: () => void): () => void {
    this.#removals.add(listener);
    return () => void this.#removals.delete(listener);
  }

  tellExit(state: Exited): void {
    const listeners = [...this.#exits];
    this.#exits.clear();
    for (const listener of listeners) listener(state);
  }

  tellRemoved(): void {
    this.removed = true;
    const listeners = [...this.#removals];
    this.#removals.clear();
    for (const listener of listeners) listener();
  }
}

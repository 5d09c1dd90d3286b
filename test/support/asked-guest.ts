/** A guest whose answers are played, one for each method: for what the host's services ask, and when. */
import { Listeners } from '../../app/base/disposable.ts';
import type { Guest, GuestStatus } from '../../app/guest/guest.ts';
import type { ChangedEvent, HelloResult, Method } from '../../guest-agent/protocol/index.ts';

export class AskedGuest implements Guest {
  /** Names of the methods that were called. */
  readonly asked: string[] = [];
  readonly #answers: Readonly<Record<string, unknown>>;
  readonly #changed = new Listeners<ChangedEvent>();
  readonly #status = new Listeners<GuestStatus>();

  /** @param answers by the method's name; a function gives one for each call */
  constructor(answers: Readonly<Record<string, unknown>>) {
    this.#answers = answers;
  }

  get hello(): HelloResult {
    throw new Error('nobody is greeted here');
  }

  call<P, R>(method: Method<P, R>): Promise<R> {
    this.asked.push(method.name);
    const answer = this.#answers[method.name];
    return Promise.resolve((typeof answer === 'function' ? (answer as () => unknown)() : answer) as R);
  }

  openStream(): Promise<never> {
    return Promise.reject(new Error('there are no streams here'));
  }

  openPort(): Promise<never> {
    return Promise.reject(new Error('there are no ports here'));
  }

  onChanged(listener: (event: ChangedEvent) => void): Disposable {
    return this.#changed.add(listener);
  }

  onStatus(listener: (status: GuestStatus) => void): Disposable {
    return this.#status.add(listener);
  }

  changed(event: Pick<ChangedEvent, 'kind' | 'id' | 'action'>): void {
    this.#changed.emit({ timeNano: '1', ...event });
  }

  reconnected(hello: HelloResult): void {
    this.#status.emit({ kind: 'connected', hello, restarted: true });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

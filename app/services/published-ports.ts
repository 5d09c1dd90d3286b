import { networkMethods } from '../../guest-agent/protocol/index.ts';
import type { PortMapping } from '../../guest-agent/protocol/index.ts';
import type { Log } from '../base/log.ts';
import type { Guest } from '../guest/guest.ts';
import type { ActiveForward, PortForwards } from './port-forwards.ts';

/** Keeps the host's forwards equal to what the guest publishes: by events, and anew after each reconnection. */
export class PublishedPorts implements AsyncDisposable {
  readonly #guest: Guest;
  readonly #forwards: PortForwards;
  readonly #log: Log;
  readonly #listening: Disposable[];
  #running: Promise<void> | undefined;
  #again = false;
  #closed = false;
  #failed: readonly { container: string; error: Error }[] = [];
  /** Made in this session: what happens to them opens and closes nothing. */
  readonly #portless = new Set<string>();

  constructor(guest: Guest, forwards: PortForwards, log: Log) {
    this.#guest = guest;
    this.#forwards = forwards;
    this.#log = log;
    this.#listening = [
      guest.onChanged((event) => {
        if (event.kind === 'network' || (event.kind === 'container' && !this.#portless.has(event.id))) this.#later();
        if (event.action === 'destroy') this.#portless.delete(event.id);
      }),
      guest.onStatus(({ kind }) => {
        if (kind === 'connected') this.#later();
      }),
    ];
    this.#later();
  }

  /** Of a container that was just made. */
  note(container: string, ports: readonly PortMapping[]): void {
    if (ports.length === 0) this.#portless.add(container);
  }

  /** It is known to publish nothing. */
  hasNone(container: string): boolean {
    return this.#portless.has(container);
  }

  /** @throws EngineError `port-busy` */
  async requireFree(ports: readonly PortMapping[]): Promise<void> {
    await this.#forwards.requireFree(ports);
  }

  /**
   * Reads what is published and forwards it; answers when that is done.
   * @throws what kept a port of the container from being opened.
   */
  async open(container: string): Promise<void> {
    await this.#sync();
    const failure = this.failureOf(container);
    if (failure !== undefined) throw failure;
  }

  /** What kept a port of the container from being opened at the last try. */
  failureOf(container: string): Error | undefined {
    return this.#failed.find((failed) => failed.container === container)?.error;
  }

  on(hostPort: number, protocol: ActiveForward['protocol']): ActiveForward[] {
    return this.#forwards.active().filter((one) => one.hostPort === hostPort && one.protocol === protocol);
  }

  of(container: string): ActiveForward[] {
    return this.#forwards.active().filter((forward) => forward.container === container);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const listening of this.#listening) listening[Symbol.dispose]();
    await this.#running?.catch(() => undefined);
    await this.#forwards.close();
  }

  #later(): void {
    this.#sync().catch((error: unknown) => {
      if (!this.#closed) this.#log.warn({ err: error }, 'published ports were not read');
    });
  }

  /** One pass that began after this call, shared by those who ask meanwhile. */
  async #sync(): Promise<void> {
    this.#again = true;
    this.#running ??= this.#passes();
    await this.#running;
  }

  /** Nobody can ask between the last look at whether somebody did and its end. */
  async #passes(): Promise<void> {
    try {
      while (this.#again && !this.#closed) {
        this.#again = false;
        const wanted = await this.#guest.call(networkMethods.published, {}, { repeat: true });
        const failures = await this.#forwards.apply(wanted);
        this.#failed = failures.map(({ wanted: { container }, error }) => ({ container, error }));
        for (const { wanted: port, error } of failures) this.#log.warn({ port, err: error }, 'a port is not forwarded');
      }
    } finally {
      this.#running = undefined;
    }
  }
}

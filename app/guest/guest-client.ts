import type { Duplex } from 'node:stream';
import { formatPreamble } from '../../guest-agent/protocol/index.ts';
import type { ChangedEvent, HelloResult, Method } from '../../guest-agent/protocol/index.ts';
import { asError, delay, withDeadline } from '../base/deadline.ts';
import { Listeners } from '../base/disposable.ts';
import { EngineError } from '../base/error.ts';
import type { Log } from '../base/log.ts';
import type { Transport } from '../transport/transport.ts';
import { GuestLink, isLinkLoss, linkLost } from './guest-link.ts';
import type { CallOptions, Guest, GuestStatus, LookUp } from './guest.ts';

export interface GuestOptions {
  /** Makes a transport to the same guest; called again when one has closed. */
  readonly connect: (signal: AbortSignal) => Promise<Transport>;
  readonly hostVersion: string;
  readonly lookUp: LookUp;
  readonly log: Log;
  /** Milliseconds; given by tests. */
  readonly heartbeat?: { readonly interval: number; readonly limit: number };
  /** How long a call waits for a connection that is being made again, in milliseconds. */
  readonly patience?: number;
}

const firstPause = 50;
const longestPause = 2000;

/**
 * Connects to the agent of a guest that may still be booting: tries until the signal fires.
 * @throws EngineError `protocol-mismatch` at once; else the signal's reason, with the last failure as its cause.
 */
export async function connectGuest(options: GuestOptions, signal: AbortSignal): Promise<Guest> {
  const client = new GuestClient(options);
  try {
    await client.connect(signal);
    return client;
  } catch (error) {
    await client.close();
    throw error;
  }
}

class GuestClient implements Guest {
  readonly #options: GuestOptions;
  readonly #changed = new Listeners<ChangedEvent>();
  readonly #status = new Listeners<GuestStatus>();
  readonly #closing = new AbortController();
  #transport: Transport | undefined;
  #link: Promise<GuestLink>;
  #hello: HelloResult | undefined;

  constructor(options: GuestOptions) {
    this.#options = options;
    this.#link = Promise.reject(linkLost());
    this.#link.catch(() => undefined);
  }

  get hello(): HelloResult {
    if (this.#hello === undefined) throw new EngineError('internal', 'The guest agent was never reached.');
    return this.#hello;
  }

  async connect(signal: AbortSignal): Promise<void> {
    this.#link = this.#dialUntil(AbortSignal.any([signal, this.#closing.signal]));
    await this.#link;
  }

  async call<P, R>(method: Method<P, R>, params: P, options: CallOptions<P> = {}): Promise<R> {
    for (let asked = params; ; asked = options.again ?? params) {
      const link = await this.#current(options.signal);
      try {
        return await link.call(method, asked, options.signal);
      } catch (error) {
        if (options.repeat !== true || !isLinkLoss(error) || this.#closing.signal.aborted) throw error;
      }
    }
  }

  async openStream(token: string, signal?: AbortSignal): Promise<Duplex> {
    const stream = await this.#open({ kind: 'agent' }, signal);
    stream.write(formatPreamble({ kind: 'stream', token }));
    return stream;
  }

  openPort(port: number): Promise<Duplex> {
    return this.#open({ kind: 'tcp', port });
  }

  onChanged(listener: (event: ChangedEvent) => void): Disposable {
    return this.#changed.add(listener);
  }

  onStatus(listener: (status: GuestStatus) => void): Disposable {
    return this.#status.add(listener);
  }

  async close(why?: EngineError): Promise<void> {
    const ended = why ?? stopped();
    this.#closing.abort(ended);
    await this.#link.then((link) => link.close(ended)).catch(() => undefined);
    await this.#transport?.close();
  }

  async #open(target: Parameters<Transport['openStream']>[0], signal?: AbortSignal): Promise<Duplex> {
    this.#closing.signal.throwIfAborted();
    if (this.#transport === undefined) throw linkLost();
    return this.#transport.openStream(target, signal);
  }

  async #current(signal?: AbortSignal): Promise<GuestLink> {
    this.#closing.signal.throwIfAborted();
    const { patience = 15_000 } = this.#options;
    return withDeadline('Reaching the guest agent again', patience, () => this.#link, signal);
  }

  async #dialUntil(signal: AbortSignal): Promise<GuestLink> {
    let last: unknown;
    for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
      try {
        signal.throwIfAborted();
        return this.#adopt(await this.#dial(signal));
      } catch (error) {
        if (signal.aborted) throw withCause(signal.reason, last ?? error);
        if (isFinal(error)) throw error;
        last = error;
        this.#options.log.debug({ err: error }, 'the guest agent is not reached yet');
      }
      await delay(pause, signal).catch(() => undefined);
    }
  }

  async #dial(signal: AbortSignal): Promise<GuestLink> {
    const { connect, hostVersion, lookUp, heartbeat = { interval: 10_000, limit: 20_000 } } = this.#options;
    this.#transport ??= this.#watch(await connect(signal));
    const stream = await this.#transport.openStream({ kind: 'agent' }, signal);
    const onChanged = (event: ChangedEvent) => void this.#changed.emit(event);
    return GuestLink.open(stream, { hostVersion, heartbeat, onChanged, lookUp }, signal);
  }

  #watch(transport: Transport): Transport {
    transport.onClose(() => {
      if (this.#transport === transport) this.#transport = undefined;
    });
    return transport;
  }

  #adopt(link: GuestLink): GuestLink {
    const before = this.#hello;
    this.#hello = link.hello;
    const restarted = before !== undefined && before.agentInstance !== link.hello.agentInstance;
    this.#status.emit({ kind: 'connected', hello: link.hello, restarted });
    link.onClose((cause) => this.#lost(cause));
    return link;
  }

  #lost(cause: Error): void {
    if (this.#closing.signal.aborted) return;
    this.#options.log.warn({ err: cause }, 'the connection to the guest agent broke');
    this.#link = this.#dialUntil(this.#closing.signal);
    this.#link.catch((error: unknown) => {
      if (!this.#closing.signal.aborted) this.#status.emit({ kind: 'failed', cause: asError(error) });
    });
    this.#status.emit({ kind: 'lost', cause });
  }
}

function stopped(): EngineError {
  return new EngineError('engine-stopped', 'The machine was stopped.', { hint: 'Start it with "berth start".' });
}

/** Trying again would meet the same. */
function isFinal(error: unknown): boolean {
  return error instanceof EngineError && (error.code === 'protocol-mismatch' || error.code === 'permission-denied');
}

function withCause(reason: unknown, last: unknown): Error {
  const error = asError(reason);
  if (error.cause === undefined && last !== error) error.cause = last;
  return error;
}

/** Streams to the guest as connections of the hypervisor's own socket family. */
import type { Duplex } from 'node:stream';
import { Listeners } from '../base/disposable.ts';
import { EngineError } from '../base/error.ts';
import type { StreamTarget, Transport } from './transport.ts';

export interface VsockOptions {
  /** The backend's way to connect to a port of the guest. */
  readonly dial: (port: number) => Promise<Duplex>;
  /** Port at which the agent listens. */
  readonly agentPort: number;
  /** Resolves when the guest is gone: connections of this family have no common one that could tell. */
  readonly gone: Promise<unknown>;
}

export class VsockTransport implements Transport {
  readonly #options: VsockOptions;
  readonly #closed = new Listeners<Error | undefined>();
  readonly #open = new Set<Duplex>();
  #ended = false;

  constructor(options: VsockOptions) {
    this.#options = options;
    void options.gone.then(() => this.#end(new Error('the virtual machine ended')));
  }

  async openStream(target: StreamTarget, signal?: AbortSignal): Promise<Duplex> {
    signal?.throwIfAborted();
    if (this.#ended) throw new EngineError('unreachable', 'The connection to the guest is closed.');
    if (target.kind !== 'agent')
      throw new EngineError('unsupported', "Over vsock, ports of the guest are reached through the agent's streams.");
    const stream = await this.#dial();
    if (signal?.aborted === true) stream.destroy();
    signal?.throwIfAborted();
    this.#open.add(stream);
    stream.once('close', () => this.#open.delete(stream));
    return stream;
  }

  onClose(listener: (cause: Error | undefined) => void): Disposable {
    return this.#closed.add(listener);
  }

  close(): Promise<void> {
    this.#end(undefined);
    return Promise.resolve();
  }

  async #dial(): Promise<Duplex> {
    try {
      return await this.#options.dial(this.#options.agentPort);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new EngineError('unreachable', `The agent's vsock port does not answer: ${why}`, { cause });
    }
  }

  #end(cause: Error | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const stream of this.#open) stream.destroy();
    this.#closed.emit(cause);
  }
}

/**
 * A guest for the host's tests: the agent's real edge (streams, tokens, JSON-RPC) on a unix socket, with containers that
 * exist as records alone. What it was asked is kept in `calls`.
 */
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { join } from 'node:path';
import { EngineError, handshakeMethods, protocolVersion } from '../../guest-agent/protocol/index.ts';
import type { ChangedEvent, HelloResult } from '../../guest-agent/protocol/index.ts';
import { serveControl } from '../../guest-agent/rpc/connection.ts';
import type { Endpoint } from '../../guest-agent/rpc/dispatch.ts';
import { StreamRegistry } from '../../guest-agent/streams/registry.ts';
import { StreamServer } from '../../guest-agent/streams/server.ts';

export type Handler = (params: never, guest: FakeGuest, signal: AbortSignal) => unknown;

export class FakeGuest {
  readonly socketPath: string;
  readonly registry = new StreamRegistry();
  readonly calls: { readonly method: string; readonly params: unknown }[] = [];
  readonly #handlers = new Map<string, Handler>();
  readonly #listeners = new Set<(event: ChangedEvent) => void>();
  #server: StreamServer | undefined;
  hello: HelloResult = {
    protocolVersion,
    agentVersion: '0.1.0',
    agentInstance: 'first',
    bootId: 'boot',
    kernel: '6.12.0',
    architecture: 'amd64',
    cpus: 1,
    memoryBytes: 2 ** 30,
  };

  constructor(folder: string) {
    this.socketPath = join(folder, `guest-${randomBytes(4).toString('hex')}.sock`);
    this.on(handshakeMethods.hello.name, () => this.hello);
    this.on(handshakeMethods.ping.name, () => ({ agentInstance: this.hello.agentInstance }));
    this.on('guest.setTime', () => ({}));
    this.on('guest.ready', () => ({}));
    this.on('share.mount', () => ({}));
    this.on('network.published', () => []);
  }

  on(method: string, handler: Handler): this {
    this.#handlers.set(method, handler);
    return this;
  }

  asked(method: string): unknown[] {
    return this.calls.filter((call) => call.method === method).map(({ params }) => params);
  }

  /** Offers a stream; the answer is its token. */
  offer(open: (stream: Duplex) => void): string {
    return this.registry.offer(open);
  }

  changed(event: Pick<ChangedEvent, 'kind' | 'id' | 'action'>): void {
    for (const listener of this.#listeners) listener({ timeNano: '1', ...event });
  }

  async listen(): Promise<void> {
    const onControl = (socket: Duplex): void => {
      serveControl(socket, {
        dispatch: { get: (method: string) => this.#endpoint(method) } as ReadonlyMap<string, Endpoint>,
        subscribe: (listener) => {
          this.#listeners.add(listener);
          return () => this.#listeners.delete(listener);
        },
        onInternalError: () => undefined,
      });
    };
    this.#server = new StreamServer({ registry: this.registry, onControl });
    await this.#server.listen(this.socketPath);
  }

  /** As when the agent's process dies: nobody listens, all connections break. */
  async die(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
  }

  /** Another process of the agent takes over. */
  async restart(instance: string): Promise<void> {
    await this.die();
    this.hello = { ...this.hello, agentInstance: instance };
    await this.listen();
  }

  #endpoint(method: string): Endpoint | undefined {
    const handler = this.#handlers.get(method);
    if (handler === undefined) return undefined;
    return (params, signal) => {
      this.calls.push({ method, params });
      return new Promise((resolve) => resolve(handler(params as never, this, signal)));
    };
  }
}

export function refuse(code: ConstructorParameters<typeof EngineError>[0], message: string): Handler {
  return () => {
    throw new EngineError(code, message);
  };
}

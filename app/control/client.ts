/**
 * The front doors' side of the control socket. Every command loads this, so it needs nothing but Node: JSON-RPC 2.0 by a
 * few lines of its own, results typed by the contract and not checked again.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import { formatPreamble } from '../../guest-agent/protocol/stream-format.ts';
import { Listeners } from '../base/disposable.ts';
import { EngineError } from '../base/error.ts';
import type { HostApi, HostEvent } from '../contract/index.ts';
import { RpcClient } from './rpc-client.ts';

export interface ControlOptions {
  /** `StateDirs.controlSocket` */
  readonly socketPath: string;
  readonly machine: string;
  readonly clientVersion: string;
  readonly signal?: AbortSignal;
}

export interface ControlClient extends Disposable {
  readonly api: HostApi<AbortSignal>;
  /**
   * What the host service says of itself. Calls need not wait for it: they are answered behind it, and fail as it does
   * (`invalid-argument` for a name that no machine can have).
   */
  readonly hello: Promise<HostHello>;
  /** Opens the bytes of a token that a call has answered: once, within 30 s. */
  openStream(token: string): Promise<Socket>;
  /** Events of the time since hello. */
  onEvent(listener: (event: HostEvent) => void): Disposable;
  /** Told once, when the service has gone or the client was closed. */
  onClose(listener: () => void): Disposable;
  /** Ends the host service; its machines are stopped first. */
  shutdownService(): Promise<void>;
  close(): void;
}

export interface HostHello {
  readonly hostVersion: string;
  readonly pid: number;
}

/** Group of `hostMethods` → what its methods' names begin with. */
const prefixes: Record<keyof HostApi, string> = {
  engine: 'engine',
  machines: 'machine',
  containers: 'container',
  execs: 'exec',
  images: 'image',
  networks: 'network',
  volumes: 'volume',
  guest: 'guest',
  explain: 'explain',
  system: 'system',
};

/** @throws EngineError `unreachable` when no host service listens there. */
export async function connectControl(options: ControlOptions): Promise<ControlClient> {
  const { socketPath, machine, clientVersion } = options;
  const socket = await dial(socketPath, options.signal);
  // Preamble and hello go out as one.
  socket.cork();
  socket.write(formatPreamble({ kind: 'control' }));
  const events = new Listeners<HostEvent>();
  const rpc = new RpcClient(socket, (method, params) => {
    if (method === 'event') events.emit(params as HostEvent);
  });
  const hello = rpc.call('hello', { clientVersion, machine }, options.signal) as Promise<HostHello>;
  // Who calls on meets the same failure there.
  hello.catch(() => undefined);
  socket.uncork();
  return {
    api: apiOver(rpc),
    hello,
    openStream: async (token) => {
      const stream = await dial(socketPath);
      stream.write(formatPreamble({ kind: 'stream', token }));
      return stream;
    },
    onEvent: (listener) => events.add(listener),
    onClose: (listener) => rpc.onClose(listener),
    shutdownService: async () => {
      await rpc.call('service.shutdown', {});
    },
    close: () => rpc.close(),
    [Symbol.dispose]: () => rpc.close(),
  };
}

function apiOver(rpc: RpcClient): HostApi<AbortSignal> {
  const group = (prefix: string) =>
    new Proxy(
      {},
      {
        get: (_, key) => (params: unknown, signal?: AbortSignal) =>
          rpc.call(`${prefix}.${String(key)}`, params, signal),
      },
    );
  return Object.fromEntries(
    Object.entries(prefixes).map(([name, prefix]) => [name, group(prefix)]),
  ) as unknown as HostApi<AbortSignal>;
}

async function dial(socketPath: string, signal?: AbortSignal): Promise<Socket> {
  const socket = connect({ path: socketPath, allowHalfOpen: true });
  try {
    await once(socket, 'connect', signal === undefined ? {} : { signal });
    return socket;
  } catch (cause) {
    socket.destroy();
    signal?.throwIfAborted();
    throw new EngineError('unreachable', `No host service answers at ${socketPath}.`, {
      hint: 'Start it with "berth start".',
      cause,
    });
  }
}

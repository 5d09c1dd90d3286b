/** The socket that leads from containers to the Docker API of the host: who connects waits until the host takes it. */
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { Effects } from '../effects/effects.ts';
import type { ContainerSpec } from '../protocol/container-spec.ts';
import { joinStreams } from '../streams/join.ts';
import type { StreamRegistry } from '../streams/registry.ts';
import type { Events } from './events.ts';
import { engineListener, engineSocket, type Paths } from './paths.ts';

/** Connections that wait for the host; more are refused. */
const mostWaiting = 256;

export interface EngineSocketDependencies {
  readonly paths: Paths;
  readonly effects: Pick<Effects, 'relayUnix'>;
  readonly events: Events;
  readonly streams: StreamRegistry;
}

export class EngineSocket {
  readonly #deps: EngineSocketDependencies;
  readonly #waiting = new Set<Socket>();
  #server: Promise<Server> | undefined;

  constructor(deps: EngineSocketDependencies) {
    this.#deps = deps;
  }

  /** Makes the socket, for containers that mount it and for nobody else. @throws EngineError `operation-failed` */
  async serveFor({ mounts }: Pick<ContainerSpec, 'mounts'>): Promise<void> {
    if (!mounts.some(({ type }) => type === 'engine-socket')) return;
    this.#server ??= this.#listen();
    await this.#server.catch((error: unknown) => {
      this.#server = undefined;
      throw error;
    });
  }

  /** A token for the connection that has waited longest; undefined when none waits. */
  take(): string | undefined {
    for (const socket of this.#waiting) {
      this.#waiting.delete(socket);
      if (socket.destroyed) continue;
      return this.#deps.streams.offer(
        (stream) => joinStreams(stream, socket),
        () => socket.destroy(),
      );
    }
    return undefined;
  }

  close(): void {
    for (const socket of this.#waiting) socket.destroy();
    void this.#server?.then((server) => server.close()).catch(() => undefined);
  }

  /** The mounted socket is the relay's: it stays the same when the agent, which listens behind it, is another one. */
  async #listen(): Promise<Server> {
    const { paths, effects } = this.#deps;
    const behind = engineListener(paths);
    rmSync(behind, { force: true });
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => this.#accept(socket));
    server.listen(behind);
    await once(server, 'listening');
    await effects.relayUnix(engineSocket(paths), behind);
    return server;
  }

  #accept(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    if (this.#waiting.size >= mostWaiting) {
      socket.destroy();
      return;
    }
    this.#waiting.add(socket);
    socket.once('close', () => this.#waiting.delete(socket));
    this.#deps.events.emit('engine-socket', '', 'connect');
  }
}

/** The agent's listening socket: tells control connections from byte streams by their preamble. */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { readPreamble } from '../wire/preamble.ts';
import type { StreamRegistry } from './registry.ts';

export interface StreamServerOptions {
  readonly registry: StreamRegistry;
  readonly onControl: (socket: Socket) => void;
  /** How long a connection may take to send its preamble; default 10 s. */
  readonly preambleTimeoutMs?: number;
}

export class StreamServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #options: StreamServerOptions;

  constructor(options: StreamServerOptions) {
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      // A broken connection is an everyday end; whoever uses the socket sees its close.
      socket.on('error', () => socket.destroy());
      void this.#accept(socket);
    });
  }

  /** A socket file left by a crash is replaced; the file is readable and writable by its owner alone. */
  async listen(path: string): Promise<void> {
    rmSync(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(path, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    chmodSync(path, 0o600);
  }

  /** Stops listening and breaks all connections. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #accept(socket: Socket): Promise<void> {
    const preamble = await readPreamble(socket, this.#options.preambleTimeoutMs ?? 10_000);
    if (preamble?.kind === 'control') {
      this.#options.onControl(socket);
      return;
    }
    const open = preamble === undefined ? undefined : this.#options.registry.take(preamble.token);
    if (open === undefined) socket.destroy();
    else open(socket);
  }
}

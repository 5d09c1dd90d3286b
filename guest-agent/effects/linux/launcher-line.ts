/**
 * Connections to the launcher. The launcher forks a monitor for a connection as soon as it is made, so one is kept in
 * reserve: a start then waits neither for connecting nor for the fork. Such a monitor in waiting takes some 30 kB.
 */
import type { Socket } from 'node:net';
import { EngineError } from '../../protocol/errors.ts';
import { connectUnix } from './monitor-client.ts';

/** Milliseconds from a start to the next connection: a fork beside a program that begins would only slow it down. */
const restMs = 15;

export class LauncherLine {
  readonly #path: string;
  #reserve: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #released = false;

  /** @param path of the launcher's socket */
  constructor(path: string) {
    this.#path = path;
  }

  /** @throws EngineError `unreachable` */
  async take(): Promise<Socket> {
    const reserve = this.#reserve;
    this.#reserve = undefined;
    if (reserve !== undefined) return reserve.ref();
    try {
      return await connectUnix(this.#path);
    } catch (cause) {
      throw new EngineError('unreachable', `The launcher does not listen at ${this.#path}.`, {
        hint: 'It is started again by itself; try again in a second.',
        cause,
      });
    }
  }

  /** Makes the next connection when those who wait for the present start have been told. */
  prepareSoon(): void {
    this.#timer ??= setTimeout(() => this.#prepare(), restMs).unref();
  }

  #prepare(): void {
    this.#timer = undefined;
    if (this.#reserve !== undefined || this.#released) return;
    void connectUnix(this.#path).then(
      (socket) => this.#keep(socket),
      () => undefined,
    );
  }

  release(): void {
    this.#released = true;
    clearTimeout(this.#timer);
    this.#reserve?.destroy();
  }

  #keep(socket: Socket): void {
    if (this.#released || this.#reserve !== undefined) {
      socket.destroy();
      return;
    }
    this.#reserve = socket.unref();
    socket.once('close', () => {
      if (this.#reserve === socket) this.#reserve = undefined;
    });
  }
}

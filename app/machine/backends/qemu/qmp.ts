import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { Listeners } from '../../../base/disposable.ts';
import { EngineError } from '../../../base/error.ts';

export interface QmpEvent {
  readonly event: string;
  readonly data: unknown;
}

interface Pending {
  readonly command: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** What QEMU may send (QEMU docs/interop/qmp-spec). */
interface QmpMessage {
  QMP?: unknown;
  id?: unknown;
  return?: unknown;
  error?: { class?: unknown; desc?: unknown };
  event?: unknown;
  data?: unknown;
}

const LONGEST_LINE = 4 * 2 ** 20;

/** A client of QEMU's machine protocol: one JSON object a line; answers are matched by id. */
export class Qmp implements Disposable {
  readonly events = new Listeners<QmpEvent>();
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  readonly #greeted = Promise.withResolvers<undefined>();
  #rest = '';
  #nextId = 1;
  #closed: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#receive(text));
    socket.on('error', (error) => this.#close(error));
    socket.on('close', () => this.#close(undefined));
    this.#greeted.promise.catch(() => undefined);
  }

  /**
   * Connects, waits for the greeting and leaves negotiation mode.
   * @throws EngineError `unreachable` when nothing listens or something else than QEMU answers.
   */
  static async connect(path: string, signal?: AbortSignal): Promise<Qmp> {
    const socket = connect(path);
    try {
      await once(socket, 'connect', signal === undefined ? {} : { signal });
    } catch (cause) {
      socket.destroy();
      signal?.throwIfAborted();
      throw new EngineError('unreachable', `QEMU's monitor at ${path} does not answer.`, { cause });
    }
    const client = new Qmp(socket);
    const stop = () => socket.destroy(new Error('aborted'));
    signal?.addEventListener('abort', stop, { once: true });
    try {
      await client.#greeted.promise;
      await client.execute('qmp_capabilities');
      return client;
    } catch (error) {
      socket.destroy();
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  /** @throws EngineError `operation-failed` with QEMU's words; `unreachable` when QEMU is gone. */
  execute(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    const id = this.#nextId++;
    const answer = new Promise<unknown>((resolve, reject) => this.#pending.set(id, { command, resolve, reject }));
    this.#socket.write(`${JSON.stringify({ execute: command, ...(args && { arguments: args }), id })}\n`);
    return answer;
  }

  /** A command of the human monitor; it answers errors as text, too. */
  async human(commandLine: string): Promise<string> {
    return String(await this.execute('human-monitor-command', { 'command-line': commandLine }));
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #receive(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > LONGEST_LINE) this.#socket.destroy(new Error('a line without end'));
    for (const line of lines) if (line.trim() !== '') this.#line(line);
  }

  #line(line: string): void {
    let message: QmpMessage;
    try {
      message = JSON.parse(line) as QmpMessage;
    } catch {
      this.#socket.destroy(new Error(`not QMP: ${line.slice(0, 80)}`));
      return;
    }
    if (message.QMP !== undefined) this.#greeted.resolve(undefined);
    else if (typeof message.event === 'string') this.events.emit({ event: message.event, data: message.data });
    else if (typeof message.id === 'number') this.#answer(message.id, message);
  }

  #answer(id: number, message: QmpMessage): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (message.error === undefined) pending?.resolve(message.return);
    else
      pending?.reject(
        new EngineError('operation-failed', `QEMU refused ${pending.command}: ${String(message.error.desc)}`),
      );
  }

  #close(cause: Error | undefined): void {
    this.#closed ??= new EngineError('unreachable', 'The connection to QEMU ended.', { cause });
    this.#greeted.reject(this.#closed);
    for (const { reject } of this.#pending.values()) reject(this.#closed);
    this.#pending.clear();
  }
}

import type { Socket } from 'node:net';
import { fromWireError } from '../../guest-agent/protocol/errors.ts';
import { asError } from '../base/deadline.ts';
import { Listeners } from '../base/disposable.ts';
import { EngineError } from '../base/error.ts';
import { MessageDecoder, encodeMessage } from '../../guest-agent/wire/message-framing.ts';

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Incoming {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly data?: unknown; readonly message?: string };
}

/** The calling side of JSON-RPC 2.0, with `$/cancelRequest` as in the Language Server Protocol. */
export class RpcClient {
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  readonly #closed = new Listeners<void>();
  readonly #decoder = new MessageDecoder();
  readonly #onNotification: (method: string, params: unknown) => void;
  #lastId = 0;
  #ended = false;

  constructor(socket: Socket, onNotification: (method: string, params: unknown) => void) {
    this.#socket = socket;
    this.#onNotification = onNotification;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', () => this.#end());
    socket.on('end', () => this.#end());
    socket.on('close', () => this.#end());
  }

  /**
   * After the signal has fired the other side answers soon: by `cancelled`, or by what it had done already.
   * @throws EngineError what the other side answered; `unreachable` when it has gone; the signal's reason if it had fired.
   */
  call(method: string, params: unknown, signal?: AbortSignal): Promise<unknown> {
    signal?.throwIfAborted();
    if (this.#ended) return Promise.reject(gone());
    const id = ++this.#lastId;
    const answer = new Promise<unknown>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    this.#socket.write(encodeMessage({ jsonrpc: '2.0', id, method, params }));
    if (signal === undefined) return answer;
    const cancel = () => this.#cancel(id);
    signal.addEventListener('abort', cancel, { once: true });
    const given = (error: unknown) => {
      throw signal.aborted ? asError(signal.reason) : error;
    };
    return answer.catch(given).finally(() => signal.removeEventListener('abort', cancel));
  }

  onClose(listener: () => void): Disposable {
    return this.#closed.add(listener);
  }

  close(): void {
    this.#socket.destroy();
    this.#end();
  }

  #cancel(id: number): void {
    this.#socket.write(encodeMessage({ jsonrpc: '2.0', method: '$/cancelRequest', params: { id } }));
  }

  #receive(chunk: Buffer): void {
    try {
      for (const message of this.#decoder.push(chunk)) this.#take(message);
    } catch {
      this.close();
    }
  }

  #take({ id, method, params, result, error }: Incoming): void {
    if (typeof method === 'string') {
      this.#onNotification(method, params);
      return;
    }
    const waiting = typeof id === 'number' ? this.#pending.get(id) : undefined;
    if (waiting === undefined) return;
    this.#pending.delete(id as number);
    if (error === undefined) waiting.resolve(result);
    else waiting.reject(fromWireError(error.data ?? { message: error.message }));
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#socket.destroy();
    for (const { reject } of this.#pending.values()) reject(gone());
    this.#pending.clear();
    this.#closed.emit();
  }
}

function gone(): EngineError {
  return new EngineError('unreachable', 'The host service has ended or closed the connection.', {
    hint: 'Start it with "berth start"; its log tells why it ended.',
  });
}

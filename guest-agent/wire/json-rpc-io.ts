/** Reader and writer for `vscode-jsonrpc` over a node stream; unlike the library's own, memory is bounded. */
import type { Duplex } from 'node:stream';
import { AbstractMessageReader, AbstractMessageWriter } from 'vscode-jsonrpc/node';
import type { DataCallback, Disposable, Message, MessageReader, MessageWriter } from 'vscode-jsonrpc/node';
import { MessageDecoder, encodeMessage } from './message-framing.ts';

/** Fires an error and closes on the first thing that is not a message; nothing after it is read. */
export class StreamReader extends AbstractMessageReader implements MessageReader {
  readonly #stream: Duplex;
  readonly #decoder = new MessageDecoder();

  constructor(stream: Duplex) {
    super();
    this.#stream = stream;
    stream.once('close', () => this.fireClose());
    stream.once('end', () => this.fireClose());
  }

  listen(callback: DataCallback): Disposable {
    const onData = (chunk: Buffer): void => {
      if (this.#stream.destroyed) return;
      try {
        for (const message of this.#decoder.push(chunk)) callback(asMessage(message));
      } catch (error) {
        this.fireError(error);
        this.#stream.destroy();
      }
    };
    this.#stream.on('data', onData);
    return { dispose: () => void this.#stream.off('data', onData) };
  }
}

/**
 * What is written in one turn goes out by one write(2): an answer takes along the notifications that came before it, which
 * alone wait a moment for more. The order stays. A write is done when the stream has taken it, so that a slow peer holds its
 * own answers, not memory.
 */
export class StreamWriter extends AbstractMessageWriter implements MessageWriter {
  readonly #stream: Duplex;
  readonly #notificationDelay: number;
  #pending = '';
  #flushed: PromiseWithResolvers<undefined> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #flushing = false;

  /** @param notificationDelay milliseconds that a notification may wait for company; 0: it does not */
  constructor(stream: Duplex, notificationDelay = 0) {
    super();
    this.#stream = stream;
    this.#notificationDelay = notificationDelay;
    stream.on('error', (error) => this.fireError(error));
    stream.once('close', () => {
      clearTimeout(this.#timer);
      this.#flushed?.reject(new Error('the connection has ended'));
      this.fireClose();
    });
  }

  write(message: Message): Promise<void> {
    this.#pending += encodeMessage(message);
    this.#flushed ??= Promise.withResolvers<undefined>();
    if ('id' in message || this.#notificationDelay === 0) this.#flushSoon();
    else this.#timer ??= setTimeout(() => this.#flush(), this.#notificationDelay);
    return this.#flushed.promise;
  }

  end(): void {
    this.#flush();
    this.#stream.end();
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    process.nextTick(() => this.#flush());
  }

  #flush(): void {
    const [text, flushed] = [this.#pending, this.#flushed];
    clearTimeout(this.#timer);
    [this.#pending, this.#flushed, this.#timer, this.#flushing] = ['', undefined, undefined, false];
    if (flushed === undefined) return;
    this.#stream.write(text, (error) => {
      if (error) flushed.reject(error);
      else flushed.resolve(undefined);
    });
  }
}

function asMessage(value: object): Message {
  if (!('jsonrpc' in value) || value.jsonrpc !== '2.0') throw new Error('a message is not a JSON-RPC 2.0 object');
  return { ...value, jsonrpc: value.jsonrpc };
}

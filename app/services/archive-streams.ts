import { Readable } from 'node:stream';
import type { Duplex } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { tokenLifetimeMs } from '../../guest-agent/protocol/index.ts';
import { EngineError } from '../base/error.ts';
import type { StreamTokens } from './stream-tokens.ts';

/** Archives that front doors send and fetch: one call opens the stream, another one works with it or tells how it ended. */
export class ArchiveStreams {
  readonly #tokens: StreamTokens;
  readonly #uploads = new Map<string, Promise<Duplex>>();
  readonly #downloads = new Map<string, Promise<undefined>>();

  constructor(tokens: StreamTokens) {
    this.#tokens = tokens;
  }

  /** @returns a token; what is written into its stream is had by {@link take}. */
  upload(): string {
    const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
    promise.catch(() => undefined);
    const token = this.#tokens.offer(resolve, () => {
      this.#uploads.delete(token);
      reject(noStream(token));
    });
    this.#uploads.set(token, promise);
    return token;
  }

  /** The bytes of an upload, which need not have begun. @throws EngineError `no-such-stream`; the signal's reason */
  async *take(token: string, signal: AbortSignal): AsyncGenerator<Buffer> {
    const coming = this.#uploads.get(token);
    this.#uploads.delete(token);
    if (coming === undefined) throw noStream(token);
    const stream = await coming;
    const leave = (): void => void stream.destroy();
    signal.addEventListener('abort', leave);
    try {
      signal.throwIfAborted();
      for await (const piece of stream as AsyncIterable<Buffer>) yield piece;
      // A caller that was killed ends its streams and its calls at once: an end may be a break.
      await nextTurn();
      signal.throwIfAborted();
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', leave);
      stream.destroy();
    }
  }

  /** @returns a token whose stream gets these bytes. */
  download(bytes: AsyncIterable<Buffer>): string {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const open = (stream: Duplex): void => {
      send(bytes, stream).then(() => resolve(undefined), reject);
    };
    const token = this.#tokens.offer(open, () => reject(noStream(token)));
    this.#downloads.set(token, promise);
    const forget = (): void => void setTimeout(() => this.#downloads.delete(token), tokenLifetimeMs).unref();
    promise.then(forget, forget);
    return token;
  }

  /** Resolves when the last byte was handed over. @throws why not all were. */
  async finished(token: string): Promise<void> {
    const ending = this.#downloads.get(token);
    if (ending === undefined) throw noStream(token);
    await ending;
  }
}

async function send(bytes: AsyncIterable<Buffer>, stream: Duplex): Promise<void> {
  // Whoever reads says nothing; its end is not ours.
  stream.resume();
  await pipeline(Readable.from(bytes, { highWaterMark: 4 }), stream);
  await finished(stream, { readable: false });
}

function noStream(token: string): EngineError {
  return new EngineError('no-such-stream', `There is no stream ${token.slice(0, 8)}…, or nobody opened it in time.`, {
    hint: 'Make the call again.',
  });
}

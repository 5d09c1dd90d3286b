import type { Duplex } from 'node:stream';

/** What is read of a stream, which is closed when that is over: reading to the end leaves its other half open. */
export async function* closing<T>(stream: Duplex, read: (stream: Duplex) => AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* read(stream);
  } finally {
    stream.destroy();
  }
}

import type { Duplex, Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { EngineError } from './error.ts';

/**
 * Joins two duplexes with back-pressure: the end of one direction is passed on while the other goes on; an error or an
 * early close of either side ends both. Resolves when both directions are over, and never rejects: what broke the
 * joint is returned.
 */
export async function join(a: Duplex, b: Duplex): Promise<Error | undefined> {
  const [forth, back] = await Promise.all([copy(a, b), copy(b, a)]);
  return forth ?? back;
}

/**
 * Reads a stream that is known to be short.
 * @throws EngineError `operation-failed` when it exceeds the limit.
 */
export async function readAll(stream: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array | string>) {
    const bytes = Buffer.from(chunk as Uint8Array);
    size += bytes.length;
    if (size > maxBytes) throw new EngineError('operation-failed', `The stream is longer than ${maxBytes} bytes.`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

async function copy(from: Duplex, to: Duplex): Promise<Error | undefined> {
  try {
    await pipeline(from, to);
    await finished(to, { readable: false });
    return undefined;
  } catch (error) {
    from.destroy();
    to.destroy();
    return error instanceof Error ? error : new Error(String(error));
  }
}

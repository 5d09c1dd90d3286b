/** Reads the one line with which every connection begins (see protocol/stream-format.ts). */
import type { Duplex } from 'node:stream';
import { parsePreamble, preambleLimit, type Preamble } from '../protocol/stream-format.ts';

const lineFeed = 0x0a;
const magic = Buffer.from('BERTH/1 ');

/**
 * Resolves with the preamble, or with undefined when the peer sent something else, ended first, or took longer than
 * `timeoutMs`. What follows the line stays in the stream. Never rejects.
 */
export function readPreamble(stream: Duplex, timeoutMs: number): Promise<Preamble | undefined> {
  return new Promise((resolve) => {
    let seen: Buffer = Buffer.alloc(0);
    const finish = (preamble: Preamble | undefined): void => {
      clearTimeout(timer);
      stream.off('readable', onReadable).off('end', onEnd).off('error', onEnd).off('close', onEnd);
      resolve(preamble);
    };
    const onEnd = (): void => finish(undefined);
    const onReadable = (): void => {
      const chunk = stream.read() as Buffer | null;
      if (chunk === null) return;
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
      const end = seen.subarray(0, preambleLimit).indexOf(lineFeed);
      if (end < 0) {
        if (seen.length >= preambleLimit || !startsRight(seen)) finish(undefined);
        return;
      }
      if (end + 1 < seen.length) stream.unshift(seen.subarray(end + 1));
      finish(parsePreamble(seen.toString('latin1', 0, end)));
    };
    const timer = setTimeout(onEnd, timeoutMs);
    stream.on('readable', onReadable).on('end', onEnd).on('error', onEnd).on('close', onEnd);
  });
}

function startsRight(seen: Buffer): boolean {
  const length = Math.min(seen.length, magic.length);
  return seen.compare(magic, 0, length, 0, length) === 0;
}

import { pipeline, Readable } from 'node:stream';
import type { Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { isZstdMagic, zstdFrames } from './zstd-frames.ts';

/** Measured: larger pieces outlive the young generation where entries are many, and 50 MB of them wait to be collected. */
const OUTPUT_SIZE = 32 * 1024;
const isGzip = (head: Buffer): boolean => head[0] === 0x1f && head[1] === 0x8b;
const isZstd = (head: Buffer): boolean => head.length >= 4 && isZstdMagic(head.readUInt32LE());

/**
 * Unpacks gzip or zstd, told by the first bytes (media types are often wrong), and passes anything else through.
 * A damaged stream fails with the error of node:zlib.
 */
export async function* decompress(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const input = source[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < 4) {
    const next = await input.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  const whole = resume(head, input);
  if (isGzip(head)) yield* through(whole, createGunzip({ chunkSize: OUTPUT_SIZE }));
  else if (isZstd(head)) yield* through(zstdFrames(whole), createZstdDecompress({ chunkSize: OUTPUT_SIZE }));
  else yield* whole;
}

/** How a layer's media type tells that it is packed as its first four bytes say. */
export function layerPacking(head: Buffer): '' | '+gzip' | '+zstd' {
  if (isGzip(head)) return '+gzip';
  return isZstd(head) ? '+zstd' : '';
}

/** True for the errors that node:zlib gives for damaged data. */
export function isDamage(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && /^(Z_|ZSTD_)/.test(error.code);
}

async function* through(source: AsyncIterable<Buffer>, unpacker: Transform): AsyncGenerator<Buffer> {
  // Failures reach the reader of the unpacker, because the pipeline destroys it with the error.
  const unpacked = pipeline(Readable.from(source, { highWaterMark: 2 }), unpacker, () => undefined);
  for await (const piece of unpacked as AsyncIterable<Buffer>) yield piece;
}

async function* resume(head: Buffer, input: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    if (head.length > 0) yield head;
    for (let next = await input.next(); next.done !== true; next = await input.next()) yield next.value;
  } finally {
    await input.return?.();
  }
}

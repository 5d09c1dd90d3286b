import { open } from 'node:fs/promises';

const PIECE = 1 << 20;

/** A whole file, read into one buffer that the next piece overwrites: a stream's would pile up until they are collected. */
export async function* filePieces(path: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const piece = Buffer.allocUnsafeSlow(PIECE);
  await using file = await open(path);
  for (;;) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(piece, 0, PIECE);
    if (bytesRead === 0) return;
    yield piece.subarray(0, bytesRead);
  }
}

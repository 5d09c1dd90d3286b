import { createHash } from 'node:crypto';
import loadXxhash from 'xxhash-wasm';
import { filePieces } from '../../base/file-pieces.ts';
import type { Digest } from '../digest.ts';

export interface FileDigests {
  readonly contentDigest: Digest;
  /** XXH64 with seed 0, 16 hexadecimal digits: what an emulated guest can check as fast as it copies. */
  readonly checksum: string;
}

/** Both of a whole file, read once. */
export async function fileDigests(path: string, signal?: AbortSignal): Promise<FileDigests> {
  const sha256 = createHash('sha256');
  const xxhash = (await loadXxhash()).create64();
  for await (const piece of filePieces(path, signal)) {
    sha256.update(piece);
    xxhash.update(piece);
  }
  return {
    contentDigest: `sha256:${sha256.digest('hex')}`,
    checksum: xxhash.digest().toString(16).padStart(16, '0'),
  };
}

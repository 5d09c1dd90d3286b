import { createHash } from 'node:crypto';
import { filePieces } from './file-pieces.ts';

/** Hexadecimal digest of a whole file. */
export async function sha256OfFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of filePieces(path, signal)) hash.update(piece);
  return hash.digest('hex');
}

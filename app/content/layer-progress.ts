import type { Digest } from './digest.ts';
import type { BlobListener } from './progress.ts';
import { Progress } from './progress.ts';

const BRACE = 0x7b;

/**
 * How far one file of an archive of images is, if it is a layer: which ones are is told by documents that come last, so
 * what begins as JSON is taken for a document.
 */
export class LayerProgress {
  readonly #size: number;
  readonly #digest: Digest;
  readonly #listener: BlobListener;
  #progress: Progress | undefined;
  #done = 0;

  /** @param path names the layer by its digest, or by the id that it had in old archives */
  constructor(path: string, size: number, listener: BlobListener) {
    this.#size = size;
    this.#digest = `sha256:${/[0-9a-f]{64}/.exec(path)?.[0] ?? path}`;
    this.#listener = listener;
  }

  take(piece: Buffer): void {
    if (this.#done === 0 && piece[0] !== BRACE) this.#begin();
    this.#done += piece.length;
    this.#progress?.tell('moving', this.#done);
  }

  end(): void {
    this.#progress?.tell('done', this.#size);
  }

  #begin(): void {
    this.#progress = new Progress(this.#digest, this.#size);
    this.#progress.listen(this.#listener);
  }
}

import type { FileHandle } from 'node:fs/promises';
import { BLOCK_SIZE } from './format.ts';

const BUFFER_SIZE = 256 * BLOCK_SIZE;

/** Bytes of a buffer that belong behind each other in the file. */
interface Run {
  readonly buffer: Buffer;
  readonly from: number;
  readonly to: number;
  /** Their place in the file. */
  readonly at: number;
  /** The buffer is free once they are written. */
  readonly last: boolean;
}

/**
 * Appends to a file through large buffers. Writing only fills memory; {@link drain} does the input and output, so that a
 * synchronous producer calls it once per piece of input and memory stays bounded by that piece.
 */
export class BlockWriter {
  readonly #file: FileHandle;
  readonly #waiting: Run[] = [];
  readonly #spare: Buffer[] = [];
  #buffer: Buffer = Buffer.allocUnsafeSlow(BUFFER_SIZE);
  /** Where in the buffer the present run begins. */
  #from = 0;
  #used = 0;
  #position: number;

  /** @param firstBlock address of the first block to write. */
  constructor(file: FileHandle, firstBlock: number) {
    this.#file = file;
    this.#position = firstBlock * BLOCK_SIZE;
  }

  /** Bytes from the start of the file to the next byte to be appended. */
  get position(): number {
    return this.#position;
  }

  /** Address of the next block; only meaningful at a block boundary. */
  get block(): number {
    return this.#position / BLOCK_SIZE;
  }

  write(chunk: Buffer): void {
    let from = 0;
    while (from < chunk.length) {
      const copied = chunk.copy(this.#buffer, this.#used, from);
      from += copied;
      this.#advance(copied);
    }
  }

  /** Many of them are a hole in the file, which takes neither memory nor blocks. */
  zeros(count: number): void {
    if (count >= BUFFER_SIZE) {
      this.#endRun(false);
      this.#position += count;
      return;
    }
    let left = count;
    while (left > 0) {
      const size = Math.min(left, BUFFER_SIZE - this.#used);
      this.#buffer.fill(0, this.#used, this.#used + size);
      left -= size;
      this.#advance(size);
    }
  }

  /** Fills the started block with zeros. */
  align(): void {
    this.zeros((BLOCK_SIZE - (this.#position % BLOCK_SIZE)) % BLOCK_SIZE);
  }

  /** True when a full buffer, or the part before a hole, waits to be written. */
  get pending(): boolean {
    return this.#waiting.length > 0;
  }

  async drain(): Promise<void> {
    for (let run = this.#waiting.shift(); run; run = this.#waiting.shift()) {
      await this.#put(run);
      if (run.last) this.#spare.push(run.buffer);
    }
  }

  /** Writes everything that is left. */
  async end(): Promise<void> {
    this.#endRun(false);
    await this.drain();
  }

  #advance(count: number): void {
    this.#used += count;
    this.#position += count;
    if (this.#used < BUFFER_SIZE) return;
    this.#endRun(true);
    this.#buffer = this.#spare.pop() ?? Buffer.allocUnsafeSlow(BUFFER_SIZE);
    this.#from = 0;
    this.#used = 0;
  }

  #endRun(last: boolean): void {
    const [from, to] = [this.#from, this.#used];
    if (to > from || last)
      this.#waiting.push({ buffer: this.#buffer, from, to, at: this.#position - (to - from), last });
    this.#from = to;
  }

  async #put({ buffer, from, to, at }: Run): Promise<void> {
    for (let done = from; done < to;) {
      const { bytesWritten } = await this.#file.write(buffer, done, to - done, at + done - from);
      done += bytesWritten;
    }
  }
}

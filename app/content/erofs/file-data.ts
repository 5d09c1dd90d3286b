/** Strategies that lay out one regular file's bytes as they arrive. */
import type { BlockWriter } from './block-writer.ts';
import { BLOCK_SIZE, DataLayout, HOLE_ADDRESS } from './format.ts';

/** A run of a sparse file's bytes that is not a hole. */
export interface Extent {
  offset: number;
  length: number;
}

/** What the inode says about the data, and what lies behind the inode and its extended attributes. */
export interface PlacedData {
  layout: DataLayout;
  address: number;
  behind: Buffer;
}

export interface FileData {
  write(chunk: Buffer): void;
  end(): PlacedData;
}

const none = Buffer.alloc(0);

/** Data in consecutive blocks; the last, partial block may lie behind the inode. */
export class FlatData implements FileData {
  readonly #blocks: BlockWriter;
  readonly #start: number;
  readonly #tail: Buffer;
  #inBlocks: number;
  #inTail = 0;

  constructor(blocks: BlockWriter, size: number, inlineTail: boolean) {
    this.#blocks = blocks;
    this.#start = blocks.block;
    this.#tail = inlineTail ? Buffer.alloc(size % BLOCK_SIZE) : none;
    this.#inBlocks = size - this.#tail.length;
  }

  write(chunk: Buffer): void {
    const direct = Math.min(chunk.length, this.#inBlocks);
    if (direct > 0) {
      this.#blocks.write(direct === chunk.length ? chunk : chunk.subarray(0, direct));
      this.#inBlocks -= direct;
    }
    if (direct < chunk.length) this.#inTail += chunk.copy(this.#tail, this.#inTail, direct);
  }

  end(): PlacedData {
    this.#blocks.align();
    const layout = this.#tail.length > 0 ? DataLayout.flatInline : DataLayout.flatPlain;
    return { layout, address: this.#start, behind: this.#tail };
  }
}

/** A map of at most this many chunks (4 bytes each) keeps a sparse file's metadata within one record. */
const CHUNKS_MAX = 1 << 17;

/** Data in chunks with a map from chunk to block address, in which a hole takes no block. */
export class SparseData implements FileData {
  readonly #blocks: BlockWriter;
  readonly #size: number;
  readonly #extents: readonly Extent[];
  readonly #map: Uint32Array;
  readonly #chunkBits: number;
  #extent = 0;
  #inExtent = 0;
  #chunk = -1;
  /** Offset in the file up to which the open chunk is written. */
  #filled = 0;

  /** @param extents ascending, not overlapping, none empty, within `size`. */
  constructor(blocks: BlockWriter, size: number, extents: readonly Extent[]) {
    this.#blocks = blocks;
    this.#size = size;
    this.#extents = extents;
    this.#chunkBits = chunkBitsFor(size);
    this.#map = new Uint32Array(Math.ceil(size / this.#chunkSize)).fill(HOLE_ADDRESS);
  }

  get #chunkSize(): number {
    return BLOCK_SIZE * 2 ** this.#chunkBits;
  }

  write(chunk: Buffer): void {
    let from = 0;
    while (from < chunk.length) {
      const extent = this.#extents[this.#extent];
      if (!extent) throw new RangeError('a sparse file has more data than its map');
      const offset = extent.offset + this.#inExtent;
      this.#seek(offset);
      const inChunk = (this.#chunk + 1) * this.#chunkSize - offset;
      const size = Math.min(chunk.length - from, extent.length - this.#inExtent, inChunk);
      this.#blocks.write(chunk.subarray(from, from + size));
      from += size;
      this.#filled = offset + size;
      this.#inExtent += size;
      if (this.#inExtent < extent.length) continue;
      this.#extent++;
      this.#inExtent = 0;
    }
  }

  end(): PlacedData {
    this.#closeChunk();
    const behind = Buffer.alloc(this.#map.length * 4);
    this.#map.forEach((address, index) => behind.writeUInt32LE(address, index * 4));
    return { layout: DataLayout.chunkBased, address: this.#chunkBits, behind };
  }

  #seek(offset: number): void {
    const chunk = Math.floor(offset / this.#chunkSize);
    if (chunk !== this.#chunk) {
      this.#closeChunk();
      this.#chunk = chunk;
      this.#map[chunk] = this.#blocks.block;
      this.#filled = chunk * this.#chunkSize;
    }
    this.#blocks.zeros(offset - this.#filled);
  }

  #closeChunk(): void {
    if (this.#chunk < 0) return;
    const end = Math.min((this.#chunk + 1) * this.#chunkSize, this.#size);
    this.#blocks.zeros(end - this.#filled);
    this.#blocks.align();
  }
}

function chunkBitsFor(size: number): number {
  let bits = 0;
  while (size / (BLOCK_SIZE * 2 ** bits) > CHUNKS_MAX) bits++;
  return bits;
}

/** Bytes that a sparse file takes behind its inode. */
export function sparseMapSize(size: number): number {
  return Math.ceil(size / (BLOCK_SIZE * 2 ** chunkBitsFor(size))) * 4;
}

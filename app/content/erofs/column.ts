const kinds = { u8: Uint8Array, u32: Uint32Array, f64: Float64Array } as const;

/** Bytes by which a column grows. */
const STEP = 64 * 1024;

/**
 * Numbers in a row that grow in place, up to a length that is known: room for all of them is only reserved (of the address
 * space), and memory is taken as they come and given back by {@link free}, without waiting for the garbage collector.
 */
export class Column {
  readonly #buffer: ArrayBuffer;
  /** As long as the room that was taken so far. */
  readonly view: Uint8Array | Uint32Array | Float64Array;
  #length = 0;

  constructor(kind: keyof typeof kinds, most: number) {
    const View = kinds[kind];
    const maxByteLength = Math.ceil((most * View.BYTES_PER_ELEMENT) / STEP) * STEP;
    this.#buffer = new ArrayBuffer(0, { maxByteLength });
    this.view = new View(this.#buffer);
  }

  get length(): number {
    return this.#length;
  }

  /** @throws RangeError if there are more than was reserved */
  push(value: number): void {
    if (this.#length === this.view.length) this.#buffer.resize(this.#buffer.byteLength + STEP);
    this.view[this.#length++] = value;
  }

  /** Makes room for more at the end, to be written by way of {@link view}. @throws RangeError as {@link push} does */
  extend(count: number): void {
    this.#length += count;
    if (this.#length > this.view.length) this.#buffer.resize(this.#buffer.byteLength + STEP);
  }

  get(index: number): number {
    return this.view[index] ?? 0;
  }

  set(index: number, value: number): void {
    this.view[index] = value;
  }

  /** As many zeros, whatever there was. */
  reset(length: number): void {
    this.#buffer.resize(length * this.view.BYTES_PER_ELEMENT);
    this.view.fill(0);
    this.#length = length;
  }

  free(): void {
    this.#buffer.resize(0);
    this.#length = 0;
  }
}

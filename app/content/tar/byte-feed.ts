/** What a parser asks for: exactly so many bytes in one piece, or the next piece of at most so many. */
export type Want = { exactly: number } | { upTo: number };
export type Parsing<T = void> = Generator<Want, T, Buffer>;

/**
 * Feeds pieces of any size to a parser written as a generator, which so reads as if it read a file. A piece is copied
 * only where a request for exact bytes straddles two of them.
 */
export class ByteFeed {
  readonly #parsing: Parsing;
  #want: Want | undefined;
  #held: Buffer[] = [];
  #heldSize = 0;

  constructor(parsing: Parsing) {
    this.#parsing = parsing;
    this.#advance(parsing.next());
  }

  /** True once the parser wants no more bytes. */
  get finished(): boolean {
    return this.#want === undefined;
  }

  /** True if bytes of an unfinished request are held. */
  get partial(): boolean {
    return this.#heldSize > 0;
  }

  /** The bytes of an unfinished request. */
  rest(): readonly Buffer[] {
    return this.#held;
  }

  /** Gives a piece; what the parser throws comes out here. */
  write(piece: Buffer): void {
    let from = 0;
    while (this.#want && from < piece.length) {
      const left = piece.length - from;
      if ('upTo' in this.#want) {
        const size = Math.min(left, this.#want.upTo);
        this.#advance(this.#parsing.next(piece.subarray(from, from + size)));
        from += size;
        continue;
      }
      const size = Math.min(left, this.#want.exactly - this.#heldSize);
      this.#hold(piece.subarray(from, from + size), this.#want.exactly);
      from += size;
    }
  }

  #hold(part: Buffer, exactly: number): void {
    if (this.#heldSize === 0 && part.length === exactly) {
      this.#advance(this.#parsing.next(part));
      return;
    }
    this.#held.push(Buffer.from(part));
    this.#heldSize += part.length;
    if (this.#heldSize < exactly) return;
    const whole = Buffer.concat(this.#held);
    this.#held = [];
    this.#heldSize = 0;
    this.#advance(this.#parsing.next(whole));
  }

  #advance(result: IteratorResult<Want>): void {
    this.#want = result.done ? undefined : result.value;
  }
}

/** What one side puts in as it happens, the other takes out as it can. */
export class Queue<T> implements AsyncIterable<T> {
  readonly #waiting: T[] = [];
  readonly #longest: number;
  #end: { readonly error?: Error } | undefined;
  #wake: () => void = () => undefined;

  /** @param longest more than that is dropped: who does not read for so long is behind for good */
  constructor(longest = 10_000) {
    this.#longest = longest;
  }

  push(value: T): void {
    if (this.#end !== undefined || this.#waiting.length >= this.#longest) return;
    this.#waiting.push(value);
    this.#wake();
  }

  /** What is in it is taken out still; an error is thrown behind that. */
  end(error?: Error): void {
    this.#end ??= { error };
    this.#wake();
  }

  /** Resolves when there is something, or the end; @throws the error of an end before anything came */
  async first(): Promise<void> {
    await this.#something();
    if (this.#waiting.length === 0 && this.#end?.error !== undefined) throw this.#end.error;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      await this.#something();
      yield* this.#waiting.splice(0);
      if (this.#waiting.length > 0 || this.#end === undefined) continue;
      if (this.#end.error !== undefined) throw this.#end.error;
      return;
    }
  }

  async #something(): Promise<void> {
    while (this.#waiting.length === 0 && this.#end === undefined) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.#wake = () => resolve(undefined);
      await promise;
    }
  }
}

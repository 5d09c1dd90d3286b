/** Parsed options of one call, by name without dashes. */
export class Options {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** A switch: absent is `otherwise`. */
  flag(name: string, otherwise = false): boolean {
    const last = this.#values.get(name)?.at(-1);
    return last === undefined ? otherwise : last === 'true';
  }

  /** The last value given. */
  text(name: string): string | undefined {
    return this.#values.get(name)?.at(-1);
  }

  list(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }
}

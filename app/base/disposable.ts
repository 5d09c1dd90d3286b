/** What a listener registration or a held resource gives back: call `Symbol.dispose` (or `using`) to let go. */
export function disposable(release: () => void): Disposable {
  let done = false;
  return {
    [Symbol.dispose]() {
      if (done) return;
      done = true;
      release();
    },
  };
}

/** A typed list of listeners. One that throws does not keep the others from being told. */
export class Listeners<T> {
  readonly #listeners = new Set<(value: T) => void>();

  add(listener: (value: T) => void): Disposable {
    const own = (value: T) => listener(value);
    this.#listeners.add(own);
    return disposable(() => this.#listeners.delete(own));
  }

  /** @returns what listeners threw, for the caller's log. */
  emit(value: T): unknown[] {
    const thrown: unknown[] = [];
    for (const listener of [...this.#listeners]) {
      try {
        listener(value);
      } catch (error) {
        thrown.push(error);
      }
    }
    return thrown;
  }
}

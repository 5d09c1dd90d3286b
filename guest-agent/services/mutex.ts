/** One operation at a time on one thing; operations on different things do not wait for each other. */
export class Mutex {
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  get idle(): boolean {
    return this.#waiting === 0;
  }

  /** Runs `work` after all that came before it, whether that succeeded or not. */
  run<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    const done = this.#waiting === 1 ? work() : this.#tail.then(work, work);
    const settle = (): void => {
      this.#waiting -= 1;
    };
    this.#tail = done.then(settle, settle);
    return done;
  }
}

/** Watches the keys typed for the detach sequence. What may be its start is held back until the next key tells. */
export class DetachFilter {
  readonly #keys: Uint8Array;
  #matched = 0;

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  /** @returns what is to be passed on; `detached` when the sequence is complete (what follows it is dropped). */
  push(bytes: Uint8Array): { pass: Uint8Array; detached: boolean } {
    if (this.#keys.length === 0) return { pass: bytes, detached: false };
    const pass: number[] = [];
    for (const byte of bytes) {
      if (byte !== this.#keys[this.#matched]) {
        pass.push(...this.#keys.subarray(0, this.#matched));
        this.#matched = 0;
      }
      if (byte !== this.#keys[this.#matched]) pass.push(byte);
      else if (++this.#matched === this.#keys.length) return { pass: Uint8Array.from(pass), detached: true };
    }
    return { pass: Uint8Array.from(pass), detached: false };
  }
}

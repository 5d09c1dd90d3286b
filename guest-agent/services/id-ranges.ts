/**
 * Ranges of user and group ids, one per container with a user namespace of its own: 65536 ids each, from 1,000,000 up,
 * so that no id of the guest or of a host folder is ever met (user_namespaces(7)).
 */
import { EngineError } from '../protocol/errors.ts';

export const firstRange = 1_000_000;
export const rangeSize = 65_536;
/** The last whole range below 2^32 - 1, which means "no id" to the kernel. */
const rangeCount = Math.floor((0xffff_ffff - firstRange) / rangeSize);

export class IdRanges {
  readonly #used = new Set<number>();
  #next = 0;

  constructor(used: Iterable<number> = []) {
    for (const start of used) this.#used.add(start);
  }

  /** First id of a range that nobody has; a freed one is not given out again soon. @throws EngineError `in-use` */
  allot(): number {
    for (let tries = 0; tries < rangeCount; tries += 1) {
      const start = firstRange + this.#next * rangeSize;
      this.#next = (this.#next + 1) % rangeCount;
      if (this.#used.has(start)) continue;
      this.#used.add(start);
      return start;
    }
    throw new EngineError('in-use', `All ${rangeCount} id ranges belong to containers.`, {
      hint: 'Remove containers that are no longer needed.',
    });
  }

  free(start: number | undefined): void {
    if (start !== undefined) this.#used.delete(start);
  }
}

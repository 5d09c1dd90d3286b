/** Hands out the launcher's places for open descriptors, each once in a plan. */
import { EngineError } from '../protocol/errors.ts';

const slotCount = 64;

export class Slots {
  #next = 0;

  take(): number {
    if (this.#next === slotCount)
      throw new EngineError('unsupported', `a container can have about ${slotCount - 8} mounts`, {
        hint: 'Mount a common parent folder in place of many single ones.',
      });
    return this.#next++;
  }
}

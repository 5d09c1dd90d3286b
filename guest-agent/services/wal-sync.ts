/**
 * Brings the write-ahead log onto the disk behind the caller's back: nobody waits for the disk, and what a power loss can
 * take is the last moment only. Frames of the log carry checksums (sqlite.org/walformat.html), so a sync at any time is safe.
 */
import { open } from 'node:fs/promises';

export class WalSync {
  readonly #path: string;
  #running: Promise<void> | undefined;
  #again = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** One sync at a time; what was written during one is in the next. Resolves when all written before is on the disk. */
  sync(): Promise<void> {
    this.#again = true;
    this.#running ??= this.#run();
    return this.#running;
  }

  async #run(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      await this.#sync();
    }
    this.#running = undefined;
  }

  async #sync(): Promise<void> {
    try {
      await using file = await open(this.#path, 'r');
      await file.datasync();
    } catch {
      // There is no log right after a checkpoint or the store's end: all is in the database then.
    }
  }
}

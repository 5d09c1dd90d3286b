/**
 * Removing a big folder is a rename, which is quick and cannot be half done; the deletion proper follows by itself, and at
 * the next start when a crash came between.
 */
import { mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, unlinkSync } from 'node:fs';
import { rm, statfs } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { trashDir, type Paths } from './paths.ts';

/** How long what was discarded lies there, in milliseconds: whoever removes one thing often goes on with another. */
const restMs = 300;
/** A folder with at most so many entries is deleted at once: that takes less than handing it to another thread. */
const smallEntries = 32;

export class Trash {
  readonly #dir: string;
  #count = 0;
  #waiting: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #emptying: Promise<void> = Promise.resolve();

  constructor(paths: Paths) {
    this.#dir = trashDir(paths);
  }

  /** Makes the folder and empties what a crash left in it. */
  recover(): void {
    mkdirSync(this.#dir, { recursive: true });
    this.#waiting.push(...readdirSync(this.#dir).map((name) => join(this.#dir, name)));
    this.#emptySoon();
  }

  /** The path is free when this returns; nothing happens when there was nothing. */
  discard(path: string): void {
    this.#count += 1;
    const place = join(this.#dir, `${process.pid}-${this.#count}-${basename(path)}`);
    try {
      renameSync(path, place);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
      rmSync(path, { recursive: true, force: true });
      return;
    }
    this.#waiting.push(place);
    this.#emptySoon();
  }

  /** Resolves when all that was discarded before is gone. */
  emptied(): Promise<void> {
    this.#empty();
    return this.#emptying;
  }

  /** For whoever removes to make room: resolves at once, but where the disk is nearly full when the room is there. */
  async makeRoom(): Promise<void> {
    const { bavail, blocks } = await statfs(this.#dir);
    if (bavail < blocks / 8) await this.emptied();
  }

  #emptySoon(): void {
    this.#timer ??= setTimeout(() => this.#empty(), restMs).unref();
  }

  #empty(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const paths = this.#waiting;
    this.#waiting = [];
    // One after another: deleting is slow on a disk, and nobody waits for it.
    for (const path of paths) this.#emptying = this.#emptying.then(() => remove(path)).catch(() => undefined);
  }
}

async function remove(path: string): Promise<void> {
  // Between two of them others have their turn.
  await nextTurn();
  if (removeSmall(path, smallEntries) < 0) await rm(path, { recursive: true, force: true, maxRetries: 3 });
}

/** What is left of `budget` when the folder is gone; negative when it held more, or something that cannot be deleted so. */
function removeSmall(folder: string, budget: number): number {
  let left = budget;
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      left -= 1;
      if (left < 0) return left;
      const path = join(folder, entry.name);
      if (!entry.isDirectory()) unlinkSync(path);
      else if ((left = removeSmall(path, left)) < 0) return left;
    }
    rmdirSync(folder);
    return left;
  } catch {
    return -1;
  }
}

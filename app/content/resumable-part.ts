/**
 * A blob that comes in pieces over several tries: what is there survives a broken connection, a cancelled call and a
 * crash, and is gone on with. While it is written it is a part like any other (`HEX.resume.PID-….part`); when it is left,
 * it is kept as `HEX.resume` until somebody wants that blob again or unused content is pruned.
 */
import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '../base/atomic-file.ts';
import { allocatedBytes } from '../base/disk-use.ts';
import { EngineError } from '../base/error.ts';
import type { Digest } from './digest.ts';
import { digestHex } from './digest.ts';
import { diskFull, isFull } from './disk-full.ts';
import { partName } from './part-name.ts';
import { movedAway, putInPlace } from './put-in-place.ts';

const SUFFIX = '.resume';
const BATCH = 512 * 1024;

export interface PartPlace {
  readonly digest: Digest;
  readonly size: number;
  /** Folder of what is on its way in. */
  readonly ingest: string;
  /** Where the whole blob belongs. */
  readonly target: string;
}

export class ResumablePart {
  readonly #place: PartPlace;
  readonly #path: string;
  readonly #file: FileHandle;
  #hash: Hash;
  #written = 0;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #flushing: Promise<void> = Promise.resolve();

  private constructor(place: PartPlace, path: string, file: FileHandle, hash: Hash) {
    this.#place = place;
    this.#path = path;
    this.#file = file;
    this.#hash = hash;
  }

  /** Takes what is kept of this blob, or begins anew. @throws EngineError `disk-full` */
  static async open(place: PartPlace): Promise<ResumablePart> {
    const kept = keptPath(place.ingest, place.digest);
    const path = partName(kept);
    await rename(kept, path).catch((error: unknown) => {
      if (!isErrno(error, 'ENOENT')) throw error;
    });
    const file = await open(path, 'a+', 0o600).catch((error: unknown) => {
      throw isFull(error) ? diskFull(`${place.digest} could not be stored`, error) : error;
    });
    const part = new ResumablePart(place, path, file, createHash('sha256'));
    await part.#readWhatIsThere();
    return part;
  }

  /** Bytes that are there. */
  get written(): number {
    return this.#written;
  }

  /** @throws EngineError `corrupt-content` once there are more bytes than the blob has; `disk-full` */
  async write(piece: Buffer): Promise<void> {
    this.#written += piece.length;
    const { digest, size } = this.#place;
    if (this.#written > size) throw other(digest, `it has more than ${size} bytes`);
    this.#hash.update(piece);
    this.#waiting.push(piece);
    this.#waitingBytes += piece.length;
    if (this.#waitingBytes < BATCH) return;
    // One batch goes to the disk while the next one comes.
    await this.#flushing;
    this.#flushing = this.#flush();
    this.#flushing.catch(() => undefined);
  }

  /** Throws away what is there. */
  async restart(): Promise<void> {
    await this.#flushing;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#written = 0;
    this.#hash = createHash('sha256');
    await this.#file.truncate(0);
  }

  /** Puts the whole blob into its place, once its digest is right. @throws EngineError `corrupt-content`, `disk-full` */
  async commit(): Promise<void> {
    await this.#finish();
    const { digest, target } = this.#place;
    const actual = `sha256:${this.#hash.digest('hex')}`;
    if (actual !== digest) throw other(digest, `it has the digest ${actual}`);
    await this.#file.sync();
    await this.#file.close();
    await putInPlace(this.#path, target);
  }

  /** Leaves what is there for the next try. */
  async keep(): Promise<void> {
    if (this.#written === 0) return this.discard();
    try {
      await this.#finish();
    } finally {
      await this.#file.close();
      await rename(this.#path, keptPath(this.#place.ingest, this.#place.digest));
    }
  }

  async discard(): Promise<void> {
    await this.#flushing.catch(() => undefined);
    await this.#file.close();
    await rm(this.#path, { force: true });
  }

  async #readWhatIsThere(): Promise<void> {
    const buffer = Buffer.alloc(BATCH);
    for (;;) {
      const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, this.#written);
      if (bytesRead === 0) break;
      this.#hash.update(buffer.subarray(0, bytesRead));
      this.#written += bytesRead;
    }
    if (this.#written > this.#place.size) await this.restart();
  }

  async #finish(): Promise<void> {
    await this.#flushing;
    await this.#flush();
  }

  async #flush(): Promise<void> {
    const pieces = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    try {
      for (const piece of pieces) await this.#file.appendFile(piece);
    } catch (error) {
      throw isFull(error) ? diskFull(`${this.#place.digest} could not be stored`, error) : error;
    }
  }
}

function other(digest: Digest, why: string): EngineError {
  return new EngineError('corrupt-content', `What came for ${digest} is something else: ${why}.`, {
    hint: 'Try again; if it stays so, the registry is damaged, or a mirror or proxy before it.',
    data: { digest },
  });
}

/** Where what came of a blob waits to be gone on with. */
export function keptPath(ingest: string, digest: Digest): string {
  return join(ingest, digestHex(digest) + SUFFIX);
}

/** What the part of a process that no longer runs is kept as; undefined where it is of no use. */
export function keptName(abandoned: string): string | undefined {
  return /^[0-9a-f]{64}\.resume(?=\.)/.exec(abandoned)?.[0];
}

/** Removes what is kept and nobody writes; returns the bytes that the disk got back. */
export async function removeKept(ingest: string): Promise<number> {
  let freed = 0;
  for (const name of await readdir(ingest)) {
    if (!name.endsWith(SUFFIX)) continue;
    const trash = partName(join(ingest, name.slice(0, -SUFFIX.length)));
    if (!movedAway(join(ingest, name), trash)) continue;
    freed += await allocatedBytes(trash);
    await rm(trash, { force: true });
  }
  return freed;
}

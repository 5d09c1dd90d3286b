import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '../base/atomic-file.ts';
import { allocatedBytes } from '../base/disk-use.ts';
import { EngineError } from '../base/error.ts';
import type { Digest } from './digest.ts';
import { digestHex, isDigest } from './digest.ts';
import { diskFull, isFull } from './disk-full.ts';
import { isAbandoned, partName } from './part-name.ts';
import { movedAway, putInPlace } from './put-in-place.ts';
import { ResumablePart, keptName, keptPath, removeKept } from './resumable-part.ts';

const READ_SIZE = 64 * 1024;

/**
 * Blobs by digest: `blobs/sha256/HEX`, as in an OCI layout. A blob appears there by rename, after its digest and size
 * were verified and it is on disk, so what is there is whole.
 */
export class BlobStore {
  readonly #blobs: string;
  readonly #ingest: string;

  private constructor(folder: string) {
    this.#blobs = join(folder, 'blobs', 'sha256');
    this.#ingest = join(folder, 'ingest');
  }

  static async open(folder: string): Promise<BlobStore> {
    const store = new BlobStore(folder);
    await mkdir(store.#blobs, { recursive: true, mode: 0o700 });
    await mkdir(store.#ingest, { recursive: true, mode: 0o700 });
    return store;
  }

  path(digest: Digest): string {
    return join(this.#blobs, digestHex(digest));
  }

  /** Bytes of a blob, or undefined if it is not here. */
  async size(digest: Digest): Promise<number | undefined> {
    try {
      return (await stat(this.path(digest))).size;
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  /** Starts writing a blob. @throws EngineError `disk-full` */
  async write(expected: Expected): Promise<BlobWriter> {
    const { digest } = expected;
    const part = join(this.#ingest, partName(digest === undefined ? 'unknown' : digestHex(digest)));
    const file = await open(part, 'wx', 0o600).catch((error: unknown) => {
      throw isFull(error) ? diskFull('a blob could not be stored', error) : error;
    });
    return new BlobWriter(file, { ...expected, part, path: (found) => this.path(found) });
  }

  /** Writes a whole blob, unless it is here; what is here and damaged is replaced. @throws EngineError `corrupt-content`, `disk-full` */
  async add(digest: Digest, size: number | undefined, source: AsyncIterable<Buffer>): Promise<void> {
    if (await this.isWhole(digest)) return;
    const writer = await this.write({ digest, size });
    try {
      for await (const piece of source) {
        writer.write(piece);
        await writer.drain();
      }
      await writer.commit();
    } finally {
      await writer.close();
    }
  }

  /** Writes a small blob, unless it is here. @throws EngineError `corrupt-content`, `disk-full` */
  async addBytes(digest: Digest, bytes: Buffer): Promise<void> {
    if (await this.isWhole(digest)) return;
    const part = await this.resume(digest, bytes.length);
    try {
      await part.restart();
      await part.write(bytes);
      await part.commit();
    } catch (error) {
      await part.discard();
      throw error;
    }
  }

  /** Goes on with a blob where an earlier try was left, or begins it. @throws EngineError `disk-full` */
  resume(digest: Digest, size: number): Promise<ResumablePart> {
    return ResumablePart.open({ digest, size, ingest: this.#ingest, target: this.path(digest) });
  }

  /** The bytes of a small blob, verified. @throws EngineError `corrupt-content` if it is damaged or missing. */
  async read(digest: Digest): Promise<Buffer> {
    const bytes = await readFile(this.path(digest)).catch((error: unknown) => {
      throw isErrno(error, 'ENOENT') ? corrupt(digest, 'it is missing', error) : error;
    });
    const actual = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    if (actual !== digest) throw corrupt(digest, `its content has the digest ${actual}`);
    return bytes;
  }

  /** True if it is here and not damaged; all of it is read. */
  async isWhole(digest: Digest): Promise<boolean> {
    if ((await this.size(digest)) === undefined) return false;
    return this.verify(digest).then(
      () => true,
      (error: unknown) => {
        if (error instanceof EngineError && error.code === 'corrupt-content') return false;
        throw error;
      },
    );
  }

  /** The bytes of a blob as they are on disk, not verified. */
  stream(digest: Digest, { signal, start = 0 }: { signal?: AbortSignal; start?: number } = {}): AsyncIterable<Buffer> {
    return createReadStream(this.path(digest), { highWaterMark: READ_SIZE, signal, start });
  }

  /** Reads all of a blob. @throws EngineError `corrupt-content` if it is damaged or missing. */
  async verify(digest: Digest): Promise<void> {
    const hash = createHash('sha256');
    try {
      for await (const piece of this.stream(digest)) hash.update(piece);
    } catch (error) {
      throw isErrno(error, 'ENOENT') ? corrupt(digest, 'it is missing', error) : error;
    }
    const actual = `sha256:${hash.digest('hex')}`;
    if (actual !== digest) throw corrupt(digest, `its content has the digest ${actual}`);
  }

  /**
   * Removes the blobs that `unwanted` picks; returns the bytes that the disk got back. Each is asked for and loses its place in one
   * step, so that nobody can find it and rely on it in between.
   */
  async sweep(unwanted: (digest: Digest) => boolean): Promise<number> {
    let freed = 0;
    for (const digest of await this.list()) {
      if (!unwanted(digest)) continue;
      const trash = join(this.#ingest, partName(digestHex(digest)));
      if (!movedAway(this.path(digest), trash)) continue;
      freed += await allocatedBytes(trash);
      await rm(trash, { force: true });
    }
    return freed;
  }

  /** Takes the blobs that `unwanted` picks out of their places, and keeps them for who wants them again. */
  async shelve(unwanted: (digest: Digest) => boolean): Promise<void> {
    for (const digest of await this.list())
      if (unwanted(digest)) movedAway(this.path(digest), keptPath(this.#ingest, digest));
  }

  async list(): Promise<Digest[]> {
    const names = await readdir(this.#blobs);
    return names.map((name) => `sha256:${name}`).filter((name) => isDigest(name));
  }

  /** Removes what processes that no longer run have left half-written; what can be gone on with is kept. */
  async removeAbandoned(): Promise<void> {
    for (const name of await readdir(this.#ingest)) {
      if (!isAbandoned(name)) continue;
      const kept = keptName(name);
      if (kept === undefined) await rm(join(this.#ingest, name), { force: true });
      else movedAway(join(this.#ingest, name), join(this.#ingest, kept));
    }
  }

  /** Removes what is kept of blobs that did not come whole; returns the bytes that the disk got back. */
  removeKept(): Promise<number> {
    return removeKept(this.#ingest);
  }
}

/** What is known of a blob before its bytes are here. */
export interface Expected {
  digest?: Digest | undefined;
  size?: number | undefined;
  /** Told the digest before the blob is in its place. */
  onDigest?: (digest: Digest) => void;
}

interface BlobPart extends Expected {
  part: string;
  path: (digest: Digest) => string;
}

/** One blob on its way into the store. Writing only remembers the piece; {@link drain} puts it on disk. */
export class BlobWriter {
  readonly #file: FileHandle;
  readonly #blob: BlobPart;
  readonly #hash = createHash('sha256');
  #pieces: Buffer[] = [];
  #written = 0;
  #committed = false;

  constructor(file: FileHandle, blob: BlobPart) {
    this.#file = file;
    this.#blob = blob;
  }

  /** @throws EngineError `corrupt-content` once there are more bytes than the blob has. */
  write(piece: Buffer): void {
    this.#written += piece.length;
    const { size } = this.#blob;
    if (size !== undefined && this.#written > size) throw corrupt(this.#name, `it has more than its ${size} bytes`);
    this.#hash.update(piece);
    this.#pieces.push(piece);
  }

  /** @throws EngineError `disk-full` */
  async drain(): Promise<void> {
    const pieces = this.#pieces;
    this.#pieces = [];
    try {
      for (const piece of pieces) await this.#file.appendFile(piece);
    } catch (cause) {
      throw isFull(cause) ? diskFull(`${this.#name} could not be stored`, cause) : cause;
    }
  }

  /** Verifies the blob and puts it into its place. @throws EngineError `corrupt-content`, `disk-full` */
  async commit(): Promise<{ digest: Digest; size: number }> {
    await this.drain();
    const { digest: wanted, size, part, path, onDigest } = this.#blob;
    if (size !== undefined && this.#written !== size)
      throw corrupt(this.#name, `it has ${this.#written} bytes instead of ${size}`);
    const digest: Digest = `sha256:${this.#hash.digest('hex')}`;
    if (wanted !== undefined && digest !== wanted) throw corrupt(wanted, `its content has the digest ${digest}`);
    await this.#file.sync();
    await this.#file.close();
    onDigest?.(digest);
    await putInPlace(part, path(digest));
    this.#committed = true;
    return { digest, size: this.#written };
  }

  get #name(): string {
    return this.#blob.digest ?? 'a blob';
  }

  /** Ends the writing; without a {@link commit} before, nothing is left. */
  async close(): Promise<void> {
    if (this.#committed) return;
    await this.#file.close();
    await rm(this.#blob.part, { force: true });
  }
}

export function corrupt(digest: string, why: string, cause?: unknown): EngineError {
  return new EngineError('corrupt-content', `The content ${digest} is damaged: ${why}.`, {
    cause,
    hint: 'Get the image again, for instance with "berth image import": what is damaged is replaced.',
    data: { digest },
  });
}

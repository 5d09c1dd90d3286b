/** One layer on its way in: a part file that a broken transfer leaves behind and the next one goes on with. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline, type Readable } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import type { FileCopy } from '../effects/effects.ts';
import { diskFullHint, EngineError } from '../protocol/errors.ts';

const noWord = (): void => undefined;
/** Written at once. */
const chunkBytes = 256 * 1024;

export interface Upload {
  readonly layer: string;
  readonly sizeBytes: number;
  /** sha256 of the file, `sha256:…`. */
  readonly contentDigest: string;
  readonly part: string;
}

/** A file with the layer's bytes in a mounted share. */
export interface CopySource {
  readonly path: string;
  /** XXH64, 16 hexadecimal digits. */
  readonly checksum: string;
  /** Resolves with the checksum of the whole. */
  readonly copyFile: (copy: FileCopy) => Promise<string>;
}

/** Writes one transfer to the part file and hashes it on the way. */
export class LayerUpload {
  readonly upload: Upload;
  #hash: Hash | undefined = createHash('sha256');
  #written = 0;
  #transfer: Promise<void> = Promise.resolve();

  constructor(upload: Upload) {
    this.upload = upload;
  }

  /**
   * Bytes here already; the transfer goes on behind them. Waits for a transfer that is still running.
   * @throws EngineError `disk-full` when the rest does not fit; the blocks that a full disk keeps back are not for layers.
   */
  async offset(): Promise<number> {
    await this.#transfer.catch(() => undefined);
    const { part, sizeBytes } = this.upload;
    await mkdir(dirname(part), { recursive: true });
    const size = (await stat(part).catch(() => undefined))?.size ?? 0;
    const offset = size <= sizeBytes ? size : 0;
    if (offset < size) await rm(part, { force: true });
    const { bavail, bsize } = await statfs(dirname(part));
    if (bavail * bsize < sizeBytes - offset) throw await this.#full();
    return offset;
  }

  /** Takes the stream's bytes until its end. Too many break it off; the part file keeps what was promised. */
  receive(stream: Readable, offset: number): Promise<void> {
    this.#transfer = this.#write(stream, offset);
    // Told to whoever commits; a transfer that nobody commits is no fault of the agent's.
    this.#transfer.catch(() => undefined);
    return this.#transfer;
  }

  /**
   * Copies what is missing from a file that is whole, and renames.
   * @throws EngineError `corrupt-content` when the checksum differs (the part file is gone then), `disk-full`, `cancelled`,
   * `operation-failed`
   */
  async copy({ path, checksum, copyFile }: CopySource, target: string): Promise<void> {
    await this.offset();
    // A stream that goes on behind these bytes does not have their hash.
    this.#hash = undefined;
    const { part, sizeBytes } = this.upload;
    const copied = copyFile({ source: path, target: part, sizeBytes });
    this.#transfer = copied.then(noWord, noWord);
    const found = await copied.catch(async (error: unknown) => {
      throw error instanceof EngineError && error.code === 'disk-full' ? await this.#full(error) : error;
    });
    if (found !== checksum) throw await this.#corrupt(found, checksum);
    await this.#place(target);
  }

  /**
   * Waits for the transfer, verifies, syncs and renames.
   * @throws EngineError `invalid-layer` when bytes are missing (they may still be sent), `corrupt-content` when the digest
   * differs (the part file is gone then), `disk-full`.
   */
  async commit(target: string): Promise<void> {
    const { part, sizeBytes, contentDigest, layer } = this.upload;
    await this.#transfer;
    const size = (await stat(part).catch(() => undefined))?.size ?? 0;
    if (size !== sizeBytes)
      throw new EngineError('invalid-layer', `Layer ${layer} has ${size} of ${sizeBytes} bytes.`, {
        hint: 'Send the rest with another layer.put.',
        data: { size, expected: sizeBytes },
      });
    const digest = await this.#digest();
    if (digest !== contentDigest) throw await this.#corrupt(digest, contentDigest);
    await this.#place(target);
  }

  async #place(target: string): Promise<void> {
    await sync(this.upload.part);
    await rename(this.upload.part, target);
    await sync(dirname(target));
  }

  async #corrupt(found: string, promised: string): Promise<EngineError> {
    await rm(this.upload.part, { force: true });
    return new EngineError('corrupt-content', `Layer ${this.upload.layer} arrived as ${found}, not as ${promised}.`, {
      hint: 'Send it again; if it happens again, pull the image anew.',
    });
  }

  async #write(stream: Readable, offset: number): Promise<void> {
    const file = await open(this.upload.part, offset === 0 ? 'w' : 'r+');
    let at = offset;
    if (offset === 0) [this.#hash, this.#written] = [createHash('sha256'), 0];
    // What another process of the agent wrote was not hashed here: the whole file is read once at commit.
    else if (offset !== this.#written) this.#hash = undefined;
    try {
      for await (const chunk of unpacked(stream)) {
        if (at + chunk.length > this.upload.sizeBytes)
          throw new EngineError(
            'invalid-layer',
            `Layer ${this.upload.layer} is longer than ${this.upload.sizeBytes} bytes.`,
          );
        this.#hash?.update(chunk);
        for (let done = 0; done < chunk.length;) {
          const { bytesWritten } = await file.write(chunk, done, chunk.length - done, at + done);
          done += bytesWritten;
        }
        at += chunk.length;
        this.#written = at;
      }
    } catch (error) {
      throw await this.#reason(error);
    } finally {
      await file.close();
    }
  }

  async #reason(error: unknown): Promise<EngineError> {
    if (error instanceof EngineError) return error;
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return this.#full(error);
    return new EngineError('unreachable', `The transfer of layer ${this.upload.layer} broke off.`, {
      hint: 'Send the rest with another layer.put.',
      cause: error,
    });
  }

  /** What is here of it goes: a full disk needs the room. */
  async #full(cause?: unknown): Promise<EngineError> {
    await rm(this.upload.part, { force: true });
    return new EngineError(
      'disk-full',
      `A layer of ${mebibytes(this.upload.sizeBytes)} does not fit on the data disk.`,
      {
        hint: diskFullHint,
        cause,
      },
    );
  }

  async #digest(): Promise<string> {
    const hash = this.#hash;
    this.#hash = undefined;
    return hash === undefined ? fileDigest(this.upload.part) : `sha256:${hash.digest('hex')}`;
  }
}

/** An end before the compressed stream's own is an error, like a broken stream. */
function unpacked(stream: Readable): AsyncIterable<Buffer> {
  const plain = createZstdDecompress({ chunkSize: chunkBytes });
  // Nothing more is said on it: the host sees that all was taken.
  pipeline(stream, plain, () => stream.destroy());
  return plain;
}

/** `sha256:…` of a whole file. */
export async function fileDigest(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk as Buffer);
  return `sha256:${hash.digest('hex')}`;
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

import { EngineError } from '../../base/error.ts';
import type { BlobStore } from '../blobs.ts';
import type { Digest } from '../digest.ts';
import type { ResumablePart } from '../resumable-part.ts';
import { PassingError, retrying } from './retry.ts';
import type { RetryPolicy } from './retry.ts';

/** The bytes of a blob from some place on. */
export interface OpenBlob {
  /** Where they begin: where was asked for, or 0 when the registry knows no ranges. */
  readonly start: number;
  readonly pieces: AsyncGenerator<Buffer>;
}

export interface Wanted {
  readonly digest: Digest;
  readonly size: number;
  /** @throws PassingError, EngineError */
  readonly open: (start: number, signal: AbortSignal | undefined) => Promise<OpenBlob>;
  /** Whoever gave the last bytes is not to be asked again; false where nobody else can be. */
  readonly discredit: () => boolean;
}

export interface DownloadOptions {
  readonly retry: RetryPolicy;
  readonly signal?: AbortSignal;
  readonly onBytes: (done: number) => void;
  readonly onRetry: (why: string) => void;
}

/**
 * Brings a blob into the store, going on where an earlier try was left. What is there when it fails or is cancelled is
 * kept for the next one, unless it is wrong or the disk is full.
 * @throws EngineError `corrupt-content`, `disk-full`, `unreachable`, …; the signal's reason
 */
export async function download(blobs: BlobStore, wanted: Wanted, options: DownloadOptions): Promise<void> {
  const part = await blobs.resume(wanted.digest, wanted.size);
  // What was left may have been spoiled, by a power loss perhaps: only what comes in one go is held against the registry.
  let blameless = part.written > 0;
  try {
    for (;;) {
      try {
        await fill(part, wanted, options);
        await part.commit();
        return;
      } catch (error) {
        if (!isCorrupt(error) || !(blameless || wanted.discredit())) throw error;
        blameless = false;
        await part.restart();
      }
    }
  } catch (error) {
    await (isCorrupt(error) || isDiskFull(error) ? part.discard() : part.keep());
    throw error;
  }
}

async function fill(part: ResumablePart, wanted: Wanted, options: DownloadOptions): Promise<void> {
  const { size, digest } = wanted;
  const { retry: policy, signal, onRetry, onBytes } = options;
  onBytes(part.written);
  const go = async () => {
    const before = part.written;
    if (before === size) return;
    const { start, pieces } = await wanted.open(before, signal);
    if (start !== before) await part.restart();
    for await (const piece of pieces) {
      await part.write(piece);
      onBytes(part.written);
    }
    if (part.written === size) return;
    const told = new EngineError('corrupt-content', `${digest} ended after ${part.written} of ${size} bytes.`, {
      hint: 'Try again; if it stays so, the registry is damaged, or a mirror or proxy before it.',
    });
    throw part.written > before ? new PassingError({ code: 'ECONNRESET' }, told) : told;
  };
  await retrying(go, { policy, signal, onRetry, achieved: () => part.written });
}

const isCorrupt = (error: unknown): boolean => error instanceof EngineError && error.code === 'corrupt-content';
const isDiskFull = (error: unknown): boolean => error instanceof EngineError && error.code === 'disk-full';

import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { EngineError } from '../../base/error.ts';
import type { Digest } from '../digest.ts';
import { diskFull, isFull } from '../disk-full.ts';
import { ErofsImageWriter } from '../erofs/image-writer.ts';
import { partName } from '../part-name.ts';
import { putInPlace } from '../put-in-place.ts';
import { TarFormatError } from '../tar/entry.ts';
import { TarReader } from '../tar/reader.ts';
import { decompress, isDamage } from './decompress.ts';
import { fileDigests } from './file-digests.ts';
import type { LayerLimits } from './layer-writer.ts';
import { LayerWriter } from './layer-writer.ts';

/**
 * No published layer is known to come near any of them; the largest have 300,000 files. As many names as are allowed, of
 * files or half as many folders, take up to 60 MB of memory while they are built, two builds at a time together with their
 * buffers 100: so the service stays under 200. A layer's bytes take none.
 */
export const defaultLimits: LayerLimits = { entries: 600_000, bytes: 256 * 2 ** 30, large: 100_000 };

/**
 * A layer of over 256 MiB may unpack to at most this many times its blob's bytes: deflate can't do more (zlib's
 * documentation: 1032), while a few kilobytes of zstd may stand for any size.
 */
const RATIO_MAX = 1100;
const RATIO_FREE = 2 ** 28;
/** Bytes after which what was made of them goes to the disk: an archive's header may stand for half a megabyte (a map of holes). */
const SLICE = 16 * 1024;

export interface LayerBuild {
  /** The layer's name in messages: the digest of its blob. */
  layer: string;
  /** Digest of the unpacked archive, which must come out. */
  diffId: string;
  /** The image's path; the file appears there when it is complete and on disk. */
  target: string;
  limits?: LayerLimits;
  signal?: AbortSignal;
  /** Called now and then with the bytes unpacked so far. */
  onProgress?: (unpacked: number) => void;
  /** Waited for before a large layer goes on; what it gives is disposed when the layer is done. */
  large?: () => Promise<Disposable>;
}

export interface BuiltLayer {
  /** Bytes of the image. */
  size: number;
  inodes: number;
  /** The layer hides all layers below it; overlayfs does not look for that mark on a layer's root. */
  opaqueRoot: boolean;
  /** Of the image, by which it is known to be whole later. */
  contentDigest: Digest;
  /** Of the image, for the way into a guest: XXH64, 16 hexadecimal digits. */
  checksum: string;
}

type Converted = Omit<BuiltLayer, 'contentDigest' | 'checksum'>;

/**
 * Builds a layer's EROFS image from the bytes of its blob (gzip, zstd or plain tar) in one pass. The same archive gives
 * the same image, byte for byte.
 * @throws EngineError `invalid-layer` naming layer and entry, `disk-full`, `cancelled`; nothing is left behind then.
 */
export async function buildLayerImage(blob: AsyncIterable<Buffer>, build: LayerBuild): Promise<BuiltLayer> {
  const part = partName(build.target);
  try {
    const image = await ErofsImageWriter.create(part, { uuid: Buffer.from(build.diffId.replace(/^.*:/, ''), 'hex') });
    let built: Converted;
    try {
      built = await convert(blob, image, build);
    } finally {
      await image.close();
    }
    // Parts of it were written out of order, so it is read once more, from memory as a rule.
    const digests = await fileDigests(part, build.signal);
    await putInPlace(part, build.target);
    return { ...built, ...digests };
  } catch (error) {
    await rm(part, { force: true });
    throw explain(error, build);
  }
}

async function convert(blob: AsyncIterable<Buffer>, image: ErofsImageWriter, build: LayerBuild): Promise<Converted> {
  const limits = build.limits ?? defaultLimits;
  const packed = { bytes: 0 };
  const most = () => RATIO_FREE + packed.bytes * RATIO_MAX;
  using held = new DisposableStack();
  const writer = held.use(new LayerWriter(image, limits, most));
  const reader = new TarReader(writer);
  const hash = createHash('sha256');
  let unpacked = 0;
  let large: LayerBuild['large'];
  for await (const piece of decompress(counted(blob, packed))) {
    build.signal?.throwIfAborted();
    unpacked += piece.length;
    if (unpacked > limits.bytes) throw new TarFormatError(`the layer unpacks to over ${limits.bytes} bytes`);
    if (unpacked > most()) throw new TarFormatError(`the layer unpacks to over ${RATIO_MAX} times its size`);
    hash.update(piece);
    await write(piece, reader, image);
    build.onProgress?.(unpacked);
    if (!large && writer.names > (limits.large ?? Infinity)) held.use(await (large = build.large ?? free)());
  }
  reader.end();
  const diffId = `sha256:${hash.digest('hex')}`;
  if (diffId !== build.diffId)
    throw new TarFormatError(`the layer unpacks to ${diffId}, the image's configuration says ${build.diffId}`);
  return await writer.finish();
}

const free = (): Promise<Disposable> => Promise.resolve(new DisposableStack());

async function write(piece: Buffer, reader: TarReader, image: ErofsImageWriter): Promise<void> {
  for (let from = 0; from < piece.length; from += SLICE) {
    reader.write(piece.subarray(from, from + SLICE));
    if (image.pending) await image.drain();
  }
}

async function* counted(source: AsyncIterable<Buffer>, count: { bytes: number }): AsyncGenerator<Buffer> {
  for await (const piece of source) {
    count.bytes += piece.length;
    yield piece;
  }
}

function explain(error: unknown, { layer, signal }: LayerBuild): unknown {
  if (signal?.aborted) return new EngineError('cancelled', `Unpacking layer ${layer} was cancelled.`, { cause: error });
  if (error instanceof EngineError || !(error instanceof Error)) return error;
  if (isFull(error)) return diskFull(`layer ${layer} could not be unpacked`, error);
  const broken = error instanceof TarFormatError || error instanceof RangeError || isDamage(error);
  return broken ? invalidLayer(error, layer) : error;
}

function invalidLayer(error: Error, layer: string): EngineError {
  const bytes = error instanceof TarFormatError ? error.entry : undefined;
  const entry = bytes === undefined ? undefined : Buffer.from(bytes, 'latin1').toString();
  const where = entry === undefined ? '' : `, entry ${JSON.stringify(entry)}`;
  return new EngineError('invalid-layer', `Layer ${layer}${where}: ${error.message}.`, {
    cause: error,
    hint: 'The image is broken: build or export it again, or take another version of it.',
    data: { layer, entry },
  });
}

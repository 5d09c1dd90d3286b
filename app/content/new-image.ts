/** A new image: the layers of a base, if any, and one layer more, which comes as an archive. */
import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';
import { EngineError } from '../base/error.ts';
import type { BlobStore } from './blobs.ts';
import type { Digest } from './digest.ts';
import type { ImageRecord, LayerRecord, NewImage } from './image-index.ts';
import { decompress } from './layer/decompress.ts';
import type { OciImageConfig } from './oci.ts';

export interface ImageDraft {
  /** Whose layers lie below; absent: the layer stands alone. */
  readonly base?: ImageRecord;
  /** The layer's archive, compressed or not. */
  readonly layer: AsyncIterable<Buffer>;
  /** The whole configuration but for `rootfs`, which is made here; its history has an entry for the new layer. */
  readonly config: Omit<OciImageConfig, 'rootfs'>;
  /** What to call it; absent: it has no name. */
  readonly reference?: string;
  readonly signal?: AbortSignal;
}

/** Told of each digest before it is in its place. */
type Pin = (digest: Digest) => void;

const types = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
};

/**
 * Brings the layer into the store, packed by gzip, which every registry and engine reads; at its fastest, since whoever
 * commits is waiting. @throws EngineError `disk-full`, `cancelled`
 */
export async function storeLayer(
  blobs: BlobStore,
  { layer, signal }: Pick<ImageDraft, 'layer' | 'signal'>,
  pin: Pin,
): Promise<LayerRecord> {
  const unpacked = createHash('sha256');
  const writer = await blobs.write({ onDigest: pin });
  try {
    await pipeline(
      hashed(decompress(layer), unpacked),
      createGzip({ level: constants.Z_BEST_SPEED }),
      async (pieces: AsyncIterable<Buffer>) => {
        for await (const piece of pieces) {
          writer.write(piece);
          await writer.drain();
        }
      },
      { signal },
    );
    const { digest, size } = await writer.commit();
    return { digest, diffId: `sha256:${unpacked.digest('hex')}`, mediaType: types.layer, size };
  } catch (cause) {
    throw signal?.aborted ? new EngineError('cancelled', 'Making the image was cancelled.', { cause }) : cause;
  } finally {
    await writer.close();
  }
}

/** Stores configuration and manifest of an image with these layers. @throws EngineError `disk-full` */
export async function storeDocuments(
  blobs: BlobStore,
  { config }: Pick<ImageDraft, 'config'>,
  layers: readonly LayerRecord[],
  pin: Pin,
): Promise<NewImage> {
  const rootfs = { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) };
  const stored = await storeDocument(blobs, { ...config, rootfs }, pin);
  return storeManifest(blobs, { ...config, ...stored }, layers, pin);
}

/** Stores a manifest for a configuration that is in the store. @throws EngineError `disk-full` */
export async function storeManifest(
  blobs: BlobStore,
  config: Omit<OciImageConfig, 'rootfs'> & { digest: Digest; size: number },
  layers: readonly LayerRecord[],
  pin: Pin,
): Promise<NewImage> {
  const manifest = {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: { mediaType: types.config, digest: config.digest, size: config.size },
    layers: layers.map(({ mediaType, digest, size }) => ({ mediaType: ociType(mediaType), digest, size })),
  };
  const { digest } = await storeDocument(blobs, manifest, pin);
  const { os, architecture, variant, created } = config;
  return {
    manifestDigest: digest,
    configDigest: config.digest,
    platform: { os, architecture, variant },
    created,
    layers: [...layers],
  };
}

async function storeDocument(blobs: BlobStore, document: object, pin: Pin): Promise<{ digest: Digest; size: number }> {
  const writer = await blobs.write({ onDigest: pin });
  try {
    writer.write(Buffer.from(JSON.stringify(document)));
    return await writer.commit();
  } finally {
    await writer.close();
  }
}

/** Docker's names of the same types have no place in an OCI manifest. */
function ociType(mediaType: string): string {
  return mediaType.replace(
    /^application\/vnd\.docker\.image\.rootfs\.diff\.tar(?:\.(gzip|zstd))?$/,
    (_, packing: string | undefined) =>
      `application/vnd.oci.image.layer.v1.tar${packing === undefined ? '' : `+${packing}`}`,
  );
}

async function* hashed(pieces: AsyncIterable<Buffer>, hash: ReturnType<typeof createHash>): AsyncGenerator<Buffer> {
  for await (const piece of pieces) {
    hash.update(piece);
    yield piece;
  }
}

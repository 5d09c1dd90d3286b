import { Readable } from 'node:stream';
import pLimit from 'p-limit';
import { asError } from '../../base/deadline.ts';
import type { BlobStore } from '../blobs.ts';
import type { Digest } from '../digest.ts';
import type { ImageRecord } from '../image-index.ts';
import type { OciDescriptor } from '../oci.ts';
import { decodeManifest, formatPlatform, isLayerType } from '../oci.ts';
import type { BlobListener, BlobState } from '../progress.ts';
import { Progress } from '../progress.ts';
import { pushPlan } from './push-content.ts';
import type { Outgoing } from './push-content.ts';
import type { RemoteRepository } from './remote-repository.ts';

/** As many as Docker sends. */
const AT_A_TIME = 3;

export interface PushOptions {
  readonly blobs: BlobStore;
  /** What the name was given to: an index or a manifest. */
  readonly target: Digest;
  readonly images: readonly ImageRecord[];
  /** Repositories of the same registry that may have a blob. */
  readonly elsewhere: (digest: Digest) => readonly string[];
  readonly signal?: AbortSignal;
  readonly onProgress: BlobListener;
}

export interface Pushed {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Platforms of the image's index that are neither here nor there. */
  readonly leftOut: string[];
}

/** Sends what the repository lacks: blobs, manifests, and last the document that the tag stands for. */
export async function pushImage(to: RemoteRepository, tag: string, options: PushOptions): Promise<Pushed> {
  const { blobs, target, images } = options;
  const read = (digest: Digest) => blobs.read(digest);
  const plan = await pushPlan({ target, images, read, isThere: (digest) => to.has('manifests', digest) });
  await sendBlobs(to, plan.manifests, options);
  for (const manifest of plan.manifests)
    if (manifest.digest !== plan.top.digest) await to.putDocument(manifest.digest, manifest.mediaType, manifest.bytes);
  const { digest, bytes, mediaType } = plan.top;
  await to.putDocument(tag, mediaType, bytes);
  return { digest, sizeBytes: bytes.length, leftOut: plan.leftOut.map((platform) => formatPlatform(platform)) };
}

async function sendBlobs(to: RemoteRepository, manifests: readonly Outgoing[], options: PushOptions): Promise<void> {
  const contents = manifests.flatMap(({ bytes, digest }) => {
    const { config, layers } = decodeManifest(bytes, digest);
    return [...layers, config];
  });
  const distinct = new Map(contents.map((blob) => [blob.digest, blob]));
  const failed = new AbortController();
  const slots = pLimit(AT_A_TIME);
  const sending = [...distinct.values()].map((blob) =>
    slots(async () => {
      failed.signal.throwIfAborted();
      await sendBlob(to, blob, options);
    }).catch((error: unknown) => {
      failed.abort(error);
      throw asError(error);
    }),
  );
  await Promise.allSettled(sending);
  failed.signal.throwIfAborted();
}

async function sendBlob(to: RemoteRepository, blob: OciDescriptor, options: PushOptions): Promise<void> {
  const { digest, size, mediaType } = blob;
  const { blobs, elsewhere, onProgress } = options;
  const progress = new Progress(digest, size);
  // People follow layers; the small configuration is none.
  const listening = progress.listen(isLayerType(mediaType) ? onProgress : () => undefined);
  const send = async (): Promise<BlobState> => {
    if (await to.has('blobs', digest)) return 'present';
    let place: URL | undefined;
    for (const from of elsewhere(digest).slice(0, 1)) {
      const mounted = await to.mount(digest, from);
      if (mounted.done) return 'mounted';
      place = mounted.place;
    }
    const open = (start: number) =>
      Readable.from(counted(blobs.stream(digest, { start }), start, (sent) => progress.tell('moving', sent)));
    await to.upload({ digest, size, open }, place, (why) => progress.tell('retrying', undefined, why));
    return 'done';
  };
  try {
    progress.tell(await send(), size);
  } finally {
    listening[Symbol.dispose]();
  }
}

async function* counted(
  pieces: AsyncIterable<Buffer>,
  start: number,
  onBytes: (sent: number) => void,
): AsyncGenerator<Buffer> {
  let sent = start;
  for await (const piece of pieces) {
    onBytes((sent += piece.length));
    yield piece;
  }
}

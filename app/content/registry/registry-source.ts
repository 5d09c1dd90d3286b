import { asError } from '../../base/deadline.ts';
import type { BlobStore } from '../blobs.ts';
import type { Digest } from '../digest.ts';
import type { ContentSource } from '../image-reader.ts';
import type { OciDescriptor } from '../oci.ts';
import { isIndexType, isLayerType, isManifestType } from '../oci.ts';
import type { Downloads } from './downloads.ts';
import type { BlobListener } from '../progress.ts';
import type { RemoteImage } from './remote-image.ts';
import type { RetryPolicy } from './retry.ts';

export interface SourceOptions {
  readonly blobs: BlobStore;
  /** Told of each blob before it is brought in. */
  readonly pin: (digest: Digest) => void;
  readonly downloads: Downloads;
  readonly retry: RetryPolicy;
  readonly signal?: AbortSignal;
  readonly onProgress: BlobListener;
}

/** A registry as the source of one image's blobs. */
export class RegistrySource implements ContentSource {
  readonly #image: RemoteImage;
  readonly #only: ReadonlySet<Digest> | undefined;
  readonly #options: SourceOptions;
  readonly #failed = new AbortController();
  readonly #signal: AbortSignal;
  #fetched = false;

  /** @param only manifests behind an index that are wanted; undefined: all */
  constructor(image: RemoteImage, only: ReadonlySet<Digest> | undefined, options: SourceOptions) {
    this.#image = image;
    this.#only = only;
    this.#options = options;
    const own = this.#failed.signal;
    this.#signal = options.signal === undefined ? own : AbortSignal.any([options.signal, own]);
  }

  /** True once something had to be fetched. */
  get fetched(): boolean {
    return this.#fetched;
  }

  has({ digest, mediaType }: OciDescriptor): Promise<boolean> {
    return Promise.resolve(isIndexType(mediaType) || (this.#only?.has(digest) ?? true));
  }

  /** A blob that cannot be got ends the others, too. */
  async fetch(descriptor: OciDescriptor): Promise<void> {
    this.#options.pin(descriptor.digest);
    const { mediaType } = descriptor;
    try {
      if (isManifestType(mediaType) || isIndexType(mediaType)) await this.#document(descriptor);
      else await this.#blob(descriptor);
    } catch (error) {
      this.#failed.abort(error);
      throw asError(error);
    }
  }

  read(digest: Digest): Promise<Buffer> {
    return this.#options.blobs.read(digest);
  }

  async #document({ digest, mediaType }: OciDescriptor): Promise<void> {
    const { blobs } = this.#options;
    if (await blobs.isWhole(digest)) return;
    const { bytes } = await this.#image.document(digest, this.#signal);
    await blobs.addBytes(digest, bytes);
    // Inner indexes are not kept.
    this.#fetched ||= isManifestType(mediaType);
  }

  async #blob(descriptor: OciDescriptor): Promise<void> {
    const { blobs, downloads, retry, onProgress } = this.#options;
    const { digest, size, mediaType } = descriptor;
    const fetched = await downloads.fetch(
      {
        ...{ digest, size, discredit: () => this.#image.discredit(digest) },
        open: (start, signal) => this.#image.blob(descriptor, start, signal),
      },
      // People follow layers; the small configuration is none.
      { blobs, retry, signal: this.#signal, onProgress: isLayerType(mediaType) ? onProgress : () => undefined },
    );
    this.#fetched ||= fetched;
  }
}

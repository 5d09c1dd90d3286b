/** What the store and those who bring content in or take it out elsewhere hand each other. */
import type { BlobStore } from './blobs.ts';
import type { Digest } from './digest.ts';
import { findImages, pickPlatform } from './find-image.ts';
import type { ImageIndex, ImageRecord, NewImage } from './image-index.ts';
import type { Platform } from './oci.ts';

/** Where `ContentStore.pull` brings content to. */
export interface Intake extends Known {
  readonly blobs: BlobStore;
  /** Told of each blob before it is brought in. */
  readonly pin: (digest: Digest) => void;
}

export interface Known {
  /** The index or manifest that the name meant before. */
  readonly known: Digest | undefined;
}

export interface NamedContent {
  readonly target: Digest;
  readonly images: readonly NewImage[];
}

/** What `ContentStore.lend` lends. */
export interface Lent {
  readonly blobs: BlobStore;
  /** The index or manifest that the name was given to. */
  readonly target: Digest;
  readonly images: readonly ImageRecord[];
  /** Full references of all images that have this blob. */
  readonly namesOf: (digest: Digest) => string[];
}

/** What a full reference names, or one platform's. @throws EngineError `no-such-image`, `wrong-platform` */
export function lentImages(
  index: ImageIndex,
  reference: string,
  platform: Platform | undefined,
): Pick<Lent, 'target' | 'images'> {
  const { images } = findImages(index, reference);
  if (platform === undefined) return { target: index.targets([reference])[0] ?? images[0].manifestDigest, images };
  const image = pickPlatform(images, reference, platform);
  return { target: image.manifestDigest, images: [image] };
}

/** What the store takes on the host's disk, and what would come back. */
import { stat } from 'node:fs/promises';
import { allocated, folderUse } from '../base/disk-use.ts';
import type { BlobStore } from './blobs.ts';
import type { Digest } from './digest.ts';
import type { ImageRecord } from './image-index.ts';
import { blobsOf } from './image-index.ts';
import type { LayerStore } from './layer-store.ts';

export interface StoreUse {
  images: number;
  active: number;
  /** Blocks of all files of the store. */
  hostBytes: number;
  /** Blocks of blobs and layers that no active image needs. */
  reclaimableBytes: number;
}

interface Parts {
  blobs: BlobStore;
  layers: LayerStore;
  images: readonly ImageRecord[];
}

/** @param active config digests of the images that are in use */
export async function storeUse(folder: string, parts: Parts, active: ReadonlySet<string>): Promise<StoreUse> {
  const { blobs, layers, images } = parts;
  const inUse = images.filter(({ configDigest }) => active.has(configDigest));
  const files = (some: readonly ImageRecord[]): Set<string> => {
    const diffIds = some.flatMap((image) => image.layers.map(({ diffId }) => diffId));
    const path = (digest: Digest): string => blobs.path(digest);
    return new Set([...some.flatMap(blobsOf).map(path), ...diffIds.map((diffId) => layers.path(diffId))]);
  };
  const kept = files(inUse);
  let reclaimableBytes = 0;
  for (const path of files(images)) if (!kept.has(path)) reclaimableBytes += await stat(path).then(allocated, () => 0);
  return { images: images.length, active: inUse.length, hostBytes: await folderUse(folder), reclaimableBytes };
}

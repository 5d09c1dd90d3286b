/** What images' layers take, those that several images have counted once. */
import type { ImageSummary } from '../../contract/image.ts';

type Image = Pick<ImageSummary, 'digest' | 'layers'>;

/** By manifest: bytes of the layers that another image has, too. */
export function sharedSizes(images: readonly Image[]): ReadonlyMap<string, number> {
  const users = new Map<string, number>();
  for (const { layers } of images)
    for (const layer of new Set(layers.map(({ digest }) => digest))) users.set(layer, (users.get(layer) ?? 0) + 1);
  const isShared = ({ digest }: Image['layers'][number]) => (users.get(digest) ?? 0) > 1;
  return new Map(images.map(({ digest, layers }) => [digest, bytesOf(layers.filter(isShared))]));
}

/** Bytes of all layers of these images. */
export function layersSize(images: readonly Image[]): number {
  const distinct = new Map(images.flatMap(({ layers }) => layers.map((layer) => [layer.digest, layer])));
  return bytesOf([...distinct.values()]);
}

function bytesOf(layers: Image['layers']): number {
  return layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

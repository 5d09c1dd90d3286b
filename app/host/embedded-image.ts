import type { Log } from '../base/log.ts';
import type { ImageSource } from '../services/image-source.ts';
import type { Resources } from './resources.ts';

export const embeddedReference = 'busybox:latest';

/** Imports the image that comes with the product, once per service, unless a busybox is there already. */
export function importOnce(images: ImageSource, resources: Resources, log: Log): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= importEmbedded(images, resources, log));
}

async function importEmbedded(images: ImageSource, resources: Resources, log: Log): Promise<void> {
  try {
    const layout = await resources.busyboxLayout();
    if (layout === undefined || (await isThere(images))) return;
    await images.importLayout(layout, embeddedReference);
  } catch (error) {
    // The machine starts without it: other images work.
    log.warn({ err: error }, 'the image that comes with the product was not imported');
  }
}

async function isThere(images: ImageSource): Promise<boolean> {
  return (await images.list()).some(({ references }) => references.includes(embeddedReference));
}

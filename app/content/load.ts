/** From a layout or an archive to images with names, their blobs brought into the store. */
import { EngineError } from '../base/error.ts';
import type { BlobStore } from './blobs.ts';
import type { Digest } from './digest.ts';
import { dockerImages, dockerNames } from './docker-archive.ts';
import { noImages, readImageArchive } from './image-archive.ts';
import type { ImageArchive } from './image-archive.ts';
import type { NewImage } from './image-index.ts';
import type { ContentSource } from './image-reader.ts';
import { readImages } from './image-reader.ts';
import { layoutArchive, nameInLayout, openLayoutFolder } from './oci-layout.ts';
import { pickPlatforms } from './find-image.ts';
import type { Platform } from './oci.ts';
import { decodeIndex } from './oci.ts';
import type { BlobListener } from './progress.ts';
import { familiarReference, formatReference, parseReference } from './reference.ts';

export interface LoadOptions {
  /** What to call the images; without it they keep the names that they bring along. */
  reference?: string;
  /** Of each image only these. */
  platforms?: readonly Platform[];
  signal?: AbortSignal;
  /** Told of each blob as it is brought in. */
  onProgress?: (digest: Digest) => void;
  /** Told how far each layer of an archive is that was not here before. */
  onLayer?: BlobListener;
}

export interface NamedImages {
  /** A full reference. */
  reference: string | undefined;
  /** What the reference stands for: the index or manifest that it was given to first. */
  target: Digest;
  images: readonly NewImage[];
}

type Given = Omit<NamedImages, 'reference'> & { name: string | undefined };

interface Context {
  blobs: BlobStore;
  /** Keeps a blob from being swept while no record mentions it. */
  pin: (digest: Digest) => void;
}

/**
 * @param from path of an OCI layout's folder, or the bytes of an archive: an OCI layout or what `docker save` writes,
 *   compressed or not
 * @throws EngineError `invalid-argument` if it holds no images, `wrong-platform`, `corrupt-content`, `unsupported`, `disk-full`
 */
export async function readNamedImages(
  from: string | AsyncIterable<Buffer>,
  context: Context,
  options: LoadOptions,
): Promise<NamedImages[]> {
  const name = options.reference === undefined ? undefined : formatReference(parseReference(options.reference));
  const onBlob = (digest: Digest): void => {
    context.pin(digest);
    options.onProgress?.(digest);
  };
  const reading = { blobs: context.blobs, signal: options.signal, onBlob, onLayer: options.onLayer };
  let given: Given[];
  if (typeof from === 'string') {
    const { index, source } = await openLayoutFolder(from, reading);
    given = await layoutImages(index, source);
  } else given = await archivedImages(await readImageArchive(from, reading), layoutArchive(reading), context);
  const named = byReference(given, name).map((group) => onlyFor(group, options.platforms ?? []));
  if (named.length > 0) return named;
  throw new EngineError('corrupt-content', 'There is no image in it.', { hint: 'Save or export the image again.' });
}

function onlyFor({ reference, target, images }: NamedImages, platforms: readonly Platform[]): NamedImages {
  const called = reference === undefined ? target : familiarReference(parseReference(reference));
  const chosen = pickPlatforms(images, called, platforms);
  const has = (some: readonly NewImage[]) => some.some(({ manifestDigest }) => manifestDigest === target);
  const [first] = chosen;
  // A name that was given to the manifest that stays away is given to what comes.
  return { reference, images: chosen, target: first && has(images) && !has(chosen) ? first.manifestDigest : target };
}

async function layoutImages(index: Buffer, source: ContentSource): Promise<Given[]> {
  const given: Given[] = [];
  for (const descriptor of decodeIndex(index, 'index.json').manifests)
    given.push({
      name: nameInLayout(descriptor),
      target: descriptor.digest,
      images: await readImages(source, descriptor),
    });
  return given;
}

async function archivedImages(archive: ImageArchive, layout: ContentSource, context: Context): Promise<Given[]> {
  const { index, list } = archive;
  if (index !== undefined) {
    const given = await layoutImages(index, layout);
    return list === undefined ? given : withDockerNames(given, dockerNames(archive, list));
  }
  if (list === undefined) throw noImages('The archive', 'it has neither index.json nor manifest.json');
  const images = await dockerImages(archive, list, context);
  return images.flatMap(({ image, names }) =>
    (names.length === 0 ? [undefined] : names).map((name) => ({ name, target: image.manifestDigest, images: [image] })),
  );
}

/** Where the layout's index leaves an image without a name, Docker's list may have one. */
function withDockerNames(given: readonly Given[], names: ReadonlyMap<Digest, readonly string[]>): Given[] {
  return given.flatMap((entry) => {
    const [image] = entry.images;
    const others = entry.name === undefined && image ? (names.get(image.configDigest) ?? []) : [];
    return others.length === 0 ? [entry] : others.map((name) => ({ ...entry, name }));
  });
}

/** Joins what one name is given to: a layout may list an image's platforms side by side. */
function byReference(given: readonly Given[], name: string | undefined): NamedImages[] {
  const groups = new Map<string | undefined, NamedImages & { images: NewImage[] }>();
  const nameless: NamedImages[] = [];
  for (const { name: own, target, images } of given) {
    const text = name ?? own;
    if (text === undefined) nameless.push({ reference: undefined, target, images });
    else {
      const reference = formatReference(parseReference(text));
      const group = groups.get(reference) ?? { reference, target, images: new Array<NewImage>() };
      group.images.push(...images);
      groups.set(reference, group);
    }
  }
  return [...groups.values(), ...nameless].filter((group) => group.images.length > 0);
}

import type { ContentStore } from '../content/store.ts';
import type { ImageRecord } from '../content/image-index.ts';
import type { LayerImage } from '../content/layer-store.ts';
import { imageToShow } from '../content/find-image.ts';
import type { ManifestFacts } from '../content/manifests.ts';
import type { OciDescriptor } from '../content/oci.ts';
import { parsePlatform } from '../content/oci.ts';
import { familiarReference, parseReference } from '../content/reference.ts';
import { EngineError } from '../base/error.ts';
import type { Descriptor, ImageManifest, ImageSummary } from '../contract/index.ts';
import type { LayerFile } from './layer-file.ts';
import type { ImageSource, ResolvedImage } from './image-source.ts';

/** The images of the content store, in the contract's words. */
export function imageSource(store: ContentStore, ownPlatform: string): ImageSource {
  const resolved = (image: ImageRecord, reference: string, config: unknown): ResolvedImage => ({
    reference,
    id: image.configDigest,
    platform: platformOf(image),
    config,
    layers: async (signal, onBuilt) => {
      const stack = await store.layers(image, { signal, onBuilt: (layer) => onBuilt(layerFile(layer)) });
      return stack.map(layerFile);
    },
  });
  return {
    list: () => Promise.all(store.list().map((image) => summary(store, image, store.config(image).catch(damaged)))),
    inspect: async (reference, wanted) => {
      const image = imageToShow(store.find(reference), reference, { wanted, own: ownPlatform });
      const config = store.config(image);
      return { summary: await summary(store, image, config), config: await config };
    },
    manifests: async (reference) => {
      const { target, manifests } = await store.manifests(reference);
      return { target: descriptorOf(target), manifests: manifests.map(manifestOf) };
    },
    importLayout: async (path, reference) => {
      const images = await store.load(path, reference === '' ? {} : { reference });
      return [...new Set(images.flatMap(({ references }) => references))].map(familiar);
    },
    resolve: async (reference, platform) => {
      const image = store.resolve(reference, parsePlatform(platform));
      return resolved(image, reference, await store.config(image));
    },
  };
}

function descriptorOf({ size, platform, ...descriptor }: OciDescriptor): Descriptor {
  return { ...descriptor, sizeBytes: size, platform };
}

function manifestOf({ descriptor, image, ...facts }: ManifestFacts): ImageManifest {
  return {
    ...facts,
    // Where a manifest alone stands behind the name, its configuration tells.
    descriptor: descriptorOf({ ...descriptor, platform: descriptor.platform ?? image?.platform }),
    imageId: image?.configDigest,
  };
}

export function layerFile({ diffId, erofsPath, size, contentDigest, checksum }: LayerImage): LayerFile {
  return { diffId, path: erofsPath, sizeBytes: size, contentDigest, checksum };
}

type Config = Awaited<ReturnType<ContentStore['config']>>;

async function summary(
  store: ContentStore,
  image: ImageRecord,
  config: Promise<Config | undefined>,
): Promise<ImageSummary> {
  return {
    id: image.configDigest,
    digest: image.manifestDigest,
    references: image.references.map(familiar),
    repoDigests: [...new Set(image.references.map((name) => repoDigest(store, name)))],
    platform: platformOf(image),
    createdAt: image.created ?? '',
    sizeBytes: image.layers.reduce((sum, { size }) => sum + size, 0),
    layers: image.layers.map(({ digest, size }) => ({ digest, sizeBytes: size })),
    labels: (await config)?.config?.Labels ?? {},
  };
}

/** A damaged image is listed with the others; whoever uses it is told. */
function damaged(error: unknown): undefined {
  if (!(error instanceof EngineError && error.code === 'corrupt-content')) throw error;
}

/** `NAME@DIGEST`: what its registry knows, or would know, the image by. */
function repoDigest(store: ContentStore, name: string): string {
  const { registry, repository } = parseReference(name);
  const digest = store.target(name);
  return familiarReference({ registry, repository, ...(digest && { digest }) });
}

function platformOf({ platform: { os, architecture } }: ImageRecord): string {
  return `${os}/${architecture}`;
}

function familiar(reference: string): string {
  return familiarReference(parseReference(reference));
}

/** From a descriptor to the images behind it: walks index, manifests and configurations, wherever their bytes are. */
import pLimit from 'p-limit';
import { asError } from '../base/deadline.ts';
import { EngineError } from '../base/error.ts';
import type { Digest } from './digest.ts';
import type { LayerRecord, NewImage } from './image-index.ts';
import type { OciDescriptor } from './oci.ts';
import { decodeConfig, decodeIndex, decodeManifest, isIndexType, isLayerType, isManifestType } from './oci.ts';

/** Where documents and layers come from: a folder, the store, a registry. */
export interface ContentSource {
  /** True if the source has it. */
  has(descriptor: OciDescriptor): Promise<boolean>;
  /** Brings a blob into the store. */
  fetch(descriptor: OciDescriptor): Promise<void>;
  /** The bytes of a blob in the store. */
  read(digest: Digest): Promise<Buffer>;
}

const DOCUMENT_MAX = 4 * 2 ** 20;
/** Indexes between an index and an image. */
const INDEX_DEPTH_MAX = 3;
const LAYERS_AT_A_TIME = 3;

/**
 * Brings the images behind a descriptor into the store, documents and layers. An index may have more platforms than
 * the source: those that it lacks are passed over.
 * @throws EngineError `corrupt-content`, `unsupported`
 */
export async function readImages(source: ContentSource, descriptor: OciDescriptor): Promise<NewImage[]> {
  const document = await fetchDocument(source, descriptor);
  if (isManifestType(descriptor.mediaType)) return [await readImage(source, descriptor.digest, document)];
  if (!isIndexType(descriptor.mediaType)) throw noImage(descriptor);
  const images: NewImage[] = [];
  const open = async (inner: OciDescriptor) => ((await source.has(inner)) ? fetchDocument(source, inner) : undefined);
  for (const inner of await manifestsIn({ digest: descriptor.digest, bytes: document }, open)) {
    if (isAttestation(inner) || isIndexType(inner.mediaType) || !(await source.has(inner))) continue;
    if (!isManifestType(inner.mediaType)) throw noImage(inner);
    images.push(await readImage(source, inner.digest, await fetchDocument(source, inner)));
  }
  return images;
}

/**
 * What an index leads to, each once: its entries, and for an inner index that can be had its entries.
 * @param open the bytes of an inner index; undefined where it cannot be had, and then it stands for itself
 * @throws EngineError `corrupt-content`, `unsupported` for indexes in indexes in indexes and so on
 */
export async function manifestsIn(
  index: { digest: Digest; bytes: Buffer },
  open: (inner: OciDescriptor) => Promise<Buffer | undefined>,
): Promise<OciDescriptor[]> {
  const found = new Map<Digest, OciDescriptor>();
  const opened = new Set<Digest>();
  const walk = async (digest: Digest, bytes: Buffer, depth: number): Promise<void> => {
    opened.add(digest);
    if (depth > INDEX_DEPTH_MAX)
      throw new EngineError('unsupported', `The index ${index.digest} leads through over ${INDEX_DEPTH_MAX} others.`, {
        hint: 'Take one of the images in it by its digest.',
      });
    for (const entry of decodeIndex(bytes, digest).manifests) {
      if (opened.has(entry.digest)) continue;
      const inner = isIndexType(entry.mediaType) ? await open(entry) : undefined;
      if (inner === undefined) found.set(entry.digest, entry);
      else await walk(entry.digest, inner, depth + 1);
    }
  };
  await walk(index.digest, index.bytes, 0);
  return [...found.values()];
}

function noImage({ digest, mediaType }: OciDescriptor): EngineError {
  return new EngineError('unsupported', `${digest} is of type ${mediaType}, which is no image.`, {
    hint: 'Choose another reference: this one names something else than an image.',
  });
}

/** Build tools put statements about an image beside it, as manifests of an unknown platform. */
export function isAttestation({ platform, annotations }: OciDescriptor): boolean {
  return platform?.os === 'unknown' || annotations?.['vnd.docker.reference.type'] !== undefined;
}

async function fetchDocument(source: ContentSource, descriptor: OciDescriptor): Promise<Buffer> {
  if (descriptor.size > DOCUMENT_MAX)
    throw new EngineError('corrupt-content', `The document ${descriptor.digest} has ${descriptor.size} bytes.`);
  await source.fetch(descriptor);
  return source.read(descriptor.digest);
}

/** Some at a time; when one fails, none is left running. */
async function fetchLayers(source: ContentSource, layers: readonly OciDescriptor[]): Promise<void> {
  const unusable = layers.find(({ mediaType }) => !isLayerType(mediaType));
  if (unusable) throw unusableLayer(unusable);
  const distinct = new Map(layers.map((layer) => [layer.digest, layer]));
  const slots = pLimit(LAYERS_AT_A_TIME);
  const fetches = [...distinct.values()].map((layer) => slots(() => source.fetch(layer)));
  for (const outcome of await Promise.allSettled(fetches))
    if (outcome.status === 'rejected') throw asError(outcome.reason);
}

function unusableLayer({ digest, mediaType }: OciDescriptor): EngineError {
  if (!/\.foreign\.|\.nondistributable\./.test(mediaType))
    return new EngineError('unsupported', `Layer ${digest} is of type ${mediaType}, which can't be used.`, {
      hint: 'Build the image with layers of tar, by gzip or by zstd.',
    });
  return new EngineError(
    'unsupported',
    `Layer ${digest} is a foreign one (${mediaType}): its maker forbids giving it on.`,
    {
      hint: 'Such layers are of Windows images; take an image for Linux.',
    },
  );
}

async function readImage(source: ContentSource, digest: Digest, document: Buffer): Promise<NewImage> {
  const manifest = decodeManifest(document, digest);
  const config = decodeConfig(await fetchDocument(source, manifest.config), manifest.config.digest);
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== manifest.layers.length)
    throw new EngineError(
      'corrupt-content',
      `The image ${digest} has ${manifest.layers.length} layers, its configuration tells of ${diffIds.length}.`,
    );
  await fetchLayers(source, manifest.layers);
  const layers = manifest.layers.map((layer, position): LayerRecord => ({
    digest: layer.digest,
    diffId: diffIds[position] ?? layer.digest,
    mediaType: layer.mediaType,
    size: layer.size,
  }));
  const { os, architecture, variant, created } = config;
  return {
    manifestDigest: digest,
    configDigest: manifest.config.digest,
    platform: { os, architecture, variant },
    created,
    layers,
  };
}

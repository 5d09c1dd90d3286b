/** What lies behind a name: the manifests of an index, be they here or not, or the one manifest that it stands for. */
import type { BlobStore } from './blobs.ts';
import type { Digest } from './digest.ts';
import type { Found } from './find-image.ts';
import type { ImageIndex, ImageRecord } from './image-index.ts';
import { blobsOf } from './image-index.ts';
import { isAttestation, manifestsIn } from './image-reader.ts';
import type { OciDescriptor } from './oci.ts';
import { documentType, isIndexType } from './oci.ts';

export interface ManifestFacts {
  readonly descriptor: OciDescriptor;
  readonly kind: 'image' | 'attestation' | 'unknown';
  /** The manifest that an attestation is about. */
  readonly about: string | undefined;
  /** Absent when it is not here. */
  readonly image: ImageRecord | undefined;
  /** Bytes of its blobs that are here, its own among them. */
  readonly contentBytes: number;
  /** Bytes of those of its layers that are ready to be mounted. */
  readonly unpackedBytes: number;
}

export interface NameFacts {
  readonly target: OciDescriptor;
  readonly manifests: readonly ManifestFacts[];
}

interface Parts {
  readonly blobs: BlobStore;
  readonly index: ImageIndex;
}

export async function manifestsOf({ blobs, index }: Parts, { name, images }: Found): Promise<NameFacts> {
  const [target = images[0].manifestDigest] = name === undefined ? [] : index.targets([name]);
  const top = await describeDocument(blobs, target);
  const listed = isIndexType(top.mediaType) ? await entriesOf(blobs, top) : [top];
  const beside = images.filter(({ manifestDigest }) => !listed.some(({ digest }) => digest === manifestDigest));
  const others = await Promise.all(beside.map(({ manifestDigest }) => describeDocument(blobs, manifestDigest)));
  const facts = [...listed, ...others].map((descriptor) => manifestFacts({ blobs, index }, descriptor, images));
  return { target: top, manifests: await Promise.all(facts) };
}

/** The descriptor of a document of the store. @throws EngineError `corrupt-content` */
export async function describeDocument(blobs: BlobStore, digest: Digest): Promise<OciDescriptor> {
  const bytes = await blobs.read(digest);
  const mediaType = documentType(bytes, digest);
  return { mediaType, digest, size: bytes.length, platform: undefined, annotations: undefined };
}

/** Those of inner indexes, too, as far as they are here. */
async function entriesOf(blobs: BlobStore, { digest }: OciDescriptor): Promise<OciDescriptor[]> {
  const open = async (inner: OciDescriptor) =>
    (await blobs.size(inner.digest)) === undefined ? undefined : blobs.read(inner.digest);
  return manifestsIn({ digest, bytes: await blobs.read(digest) }, open);
}

async function manifestFacts(
  { blobs, index }: Parts,
  descriptor: OciDescriptor,
  images: readonly ImageRecord[],
): Promise<ManifestFacts> {
  const image = images.find(({ manifestDigest }) => manifestDigest === descriptor.digest);
  const parts = new Set(image === undefined ? [descriptor.digest] : blobsOf(image));
  let contentBytes = 0;
  for (const digest of parts) contentBytes += (await blobs.size(digest)) ?? 0;
  const unpackedBytes = index.unpackedBytes(image?.layers.map(({ diffId }) => diffId) ?? []);
  return { descriptor, image, contentBytes, unpackedBytes, ...kindOf(descriptor) };
}

function kindOf(descriptor: OciDescriptor): Pick<ManifestFacts, 'kind' | 'about'> {
  if (!isAttestation(descriptor)) return { kind: 'image', about: undefined };
  const about = descriptor.annotations?.['vnd.docker.reference.digest'];
  return { kind: about === undefined ? 'unknown' : 'attestation', about };
}

/**
 * Images as one archive that is a docker-archive (manifest.json, as `docker load` reads it) and an OCI layout (index.json,
 * image-layout.md) at a time, as Docker 25 and later write it. The same images give the same bytes.
 */
import { createHash } from 'node:crypto';
import type { BlobStore } from './blobs.ts';
import { corrupt } from './blobs.ts';
import type { Digest } from './digest.ts';
import { digestHex } from './digest.ts';
import { findImages, pickPlatforms } from './find-image.ts';
import type { ImageIndex, ImageRecord } from './image-index.ts';
import { blobsOf } from './image-index.ts';
import { describeDocument } from './manifests.ts';
import type { OciDescriptor, Platform } from './oci.ts';
import { decodeIndex, isIndexType } from './oci.ts';
import { familiarReference, parseReference } from './reference.ts';
import { tarEnd, tarHeader, tarPadding } from './tar/write.ts';

/** Docker's own list of what an archive holds. */
interface DockerImage {
  Config: string;
  RepoTags: string[] | null;
  Layers: string[];
}

interface Wanted {
  /** The full reference, if it was asked for by name. */
  name: string | undefined;
  images: readonly ImageRecord[];
  /** What the name was given to. */
  target: Digest | undefined;
}

const blobPath = (digest: Digest): string => `blobs/sha256/${digestHex(digest)}`;
const indexType = 'application/vnd.oci.image.index.v1+json';

/** @throws EngineError `no-such-image`, `wrong-platform` */
export function wantedImages(
  index: ImageIndex,
  references: readonly string[],
  platforms: readonly Platform[],
): Wanted[] {
  return [...new Set(references)].map((reference) => {
    const { name, images } = findImages(index, reference);
    const [target] = name !== undefined && platforms.length === 0 ? index.targets([name]) : [];
    return { name, images: pickPlatforms(images, reference, platforms), target };
  });
}

/** All blobs of what is saved: images, and the indexes that their names stand for. */
export function savedBlobs(wanted: readonly Wanted[]): Set<Digest> {
  return new Set(wanted.flatMap(({ images, target }) => [...images.flatMap(blobsOf), ...(target ? [target] : [])]));
}

/** @throws EngineError `corrupt-content` while it is read, when a blob is missing or damaged. */
export async function* saveArchive(blobs: BlobStore, wanted: readonly Wanted[]): AsyncGenerator<Buffer> {
  const index = await layoutIndex(blobs, wanted);
  yield* [tarHeader('blobs/', 0), tarHeader('blobs/sha256/', 0)];
  for (const digest of [...savedBlobs(wanted)].sort()) yield* blobMember(blobs, digest);
  yield* documentMember('index.json', { schemaVersion: 2, mediaType: indexType, manifests: index });
  yield* documentMember('manifest.json', dockerImages(wanted));
  yield* documentMember('oci-layout', { imageLayoutVersion: '1.0.0' });
  yield tarEnd();
}

async function* blobMember(blobs: BlobStore, digest: Digest): AsyncGenerator<Buffer> {
  const size = await blobs.size(digest);
  if (size === undefined) throw corrupt(digest, 'it is missing');
  yield tarHeader(blobPath(digest), size);
  const hash = createHash('sha256');
  for await (const piece of blobs.stream(digest)) {
    hash.update(piece);
    yield piece;
  }
  const actual = `sha256:${hash.digest('hex')}`;
  if (actual !== digest) throw corrupt(digest, `its content has the digest ${actual}`);
  yield tarPadding(size);
}

function* documentMember(path: string, document: unknown): Generator<Buffer> {
  const bytes = Buffer.from(JSON.stringify(document));
  yield* [tarHeader(path, bytes.length), bytes, tarPadding(bytes.length)];
}

async function layoutIndex(blobs: BlobStore, wanted: readonly Wanted[]): Promise<object[]> {
  const entries: object[] = [];
  for (const { name, images, target } of wanted) {
    const annotations = name === undefined ? {} : { annotations: annotationsOf(name) };
    const whole = target === undefined ? undefined : await describeDocument(blobs, target);
    if (whole !== undefined && (await listsAll(blobs, whole, images))) entries.push({ ...whole, ...annotations });
    else
      for (const { manifestDigest, platform } of images)
        entries.push({ ...(await describeDocument(blobs, manifestDigest)), platform, ...annotations });
  }
  return entries;
}

/** False for a manifest, and where inner indexes stand between: they are not kept. */
async function listsAll(blobs: BlobStore, top: OciDescriptor, images: readonly ImageRecord[]): Promise<boolean> {
  if (!isIndexType(top.mediaType)) return false;
  const listed = new Set(decodeIndex(await blobs.read(top.digest), top.digest).manifests.map(({ digest }) => digest));
  return images.every(({ manifestDigest }) => listed.has(manifestDigest));
}

/** The full name as containerd reads it, the tag alone as the layout's specification has it. */
function annotationsOf(name: string): Record<string, string> {
  const { tag } = parseReference(name);
  return {
    'io.containerd.image.name': name,
    ...(tag === undefined ? {} : { 'org.opencontainers.image.ref.name': tag }),
  };
}

function dockerImages(wanted: readonly Wanted[]): DockerImage[] {
  const listed = new Map<Digest, { image: ImageRecord; tags: string[] }>();
  for (const { name, images } of wanted)
    for (const image of images) {
      const entry = listed.get(image.manifestDigest) ?? { image, tags: [] };
      const reference = name === undefined ? undefined : parseReference(name);
      if (reference !== undefined && reference.digest === undefined) entry.tags.push(familiarReference(reference));
      listed.set(image.manifestDigest, entry);
    }
  return [...listed.values()].map(({ image, tags }) => ({
    Config: blobPath(image.configDigest),
    RepoTags: tags.length === 0 ? null : tags,
    Layers: image.layers.map(({ digest }) => blobPath(digest)),
  }));
}

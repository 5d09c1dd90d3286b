/** Whether the store is whole: every blob is what its name says, every layer is as it was built, every record leads somewhere. */
import { isErrno } from '../base/atomic-file.ts';
import { EngineError } from '../base/error.ts';
import { sha256OfFile } from '../base/sha256.ts';
import type { BlobStore } from './blobs.ts';
import type { Digest } from './digest.ts';
import type { ImageIndex, ImageRecord } from './image-index.ts';
import { blobsOf } from './image-index.ts';
import type { LayerStore } from './layer-store.ts';
import { decodeManifest } from './oci.ts';

export interface CheckOptions {
  /** Removes what is damaged and can be made or got again. */
  repair: boolean;
  signal?: AbortSignal;
}

export interface Problem {
  kind: 'blob' | 'layer' | 'image';
  /** Of a blob, of a layer's archive, of an image's manifest. */
  id: Digest;
  problem: string;
  /** Images that need it: full references, or the configuration's digest of one without a name. */
  images: string[];
  /** A repair takes it away. */
  repairable: boolean;
  repaired: boolean;
}

export interface StoreCheck {
  blobs: number;
  layers: number;
  images: number;
  problems: Problem[];
}

interface Parts {
  blobs: BlobStore;
  layers: LayerStore;
  index: ImageIndex;
}

/** @throws EngineError `cancelled`, as the signal says */
export async function checkStore(parts: Parts, options: CheckOptions): Promise<StoreCheck> {
  const images = parts.index.list();
  const needed = neededBlobs(parts.index, images);
  const damaged = await checkBlobs(parts.blobs, needed, options);
  const bad = new Set(damaged.map(({ id }) => id));
  const broken: Problem[] = [];
  for (const image of images) {
    if (bad.has(image.manifestDigest)) continue;
    const problem = await recordProblem(parts.blobs, image);
    if (problem !== undefined)
      broken.push({ kind: 'image', id: image.manifestDigest, problem, images: namesOf(image), ...never });
  }
  broken.push(...emptyNames(parts.index, options));
  const layers = await checkLayers(parts, images, options);
  return {
    blobs: needed.size,
    layers: parts.index.builtLayers().size,
    images: images.length,
    problems: [...damaged, ...broken, ...layers],
  };
}

/** Names that stand for no image: nobody can use or remove them. */
function emptyNames(index: ImageIndex, { repair }: CheckOptions): Problem[] {
  const empty = index.emptyNames();
  if (repair && empty.length > 0)
    index.remove(
      empty.map(({ reference }) => reference),
      [],
    );
  return empty.map(({ reference, target }) => ({
    ...{ kind: 'image', id: target, problem: 'no image of it is here', images: [reference] },
    ...{ repairable: true, repaired: repair },
  }));
}

const namesOf = ({ references, configDigest }: ImageRecord): string[] =>
  references.length > 0 ? references : [configDigest];

/** Each blob that a record mentions, with the images that need it. */
function neededBlobs(index: ImageIndex, images: readonly ImageRecord[]): Map<Digest, string[]> {
  const needed = new Map<Digest, string[]>();
  const need = (digest: Digest, names: readonly string[]): void => {
    needed.set(digest, [...new Set([...(needed.get(digest) ?? []), ...names])]);
  };
  for (const image of images) {
    for (const digest of blobsOf(image)) need(digest, namesOf(image));
    for (const name of image.references) for (const target of index.targets([name])) need(target, [name]);
  }
  return needed;
}

async function checkBlobs(
  blobs: BlobStore,
  needed: ReadonlyMap<Digest, string[]>,
  { repair, signal }: CheckOptions,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const [id, images] of needed) {
    signal?.throwIfAborted();
    const problem = await blobProblem(blobs, id);
    if (problem === undefined) continue;
    const repaired = repair && problem !== missing;
    if (repaired) await blobs.sweep((digest) => digest === id);
    problems.push({ kind: 'blob', id, problem, images, repairable: problem !== missing, repaired });
  }
  return problems;
}

const missing = 'it is missing';
const never = { repairable: false, repaired: false };

async function blobProblem(blobs: BlobStore, digest: Digest): Promise<string | undefined> {
  if ((await blobs.size(digest)) === undefined) return missing;
  try {
    await blobs.verify(digest);
    return undefined;
  } catch (error) {
    // A disk that cannot be read (EIO) is a finding as well.
    if (error instanceof Error) return error instanceof EngineError ? 'its content is damaged' : error.message;
    throw error;
  }
}

/** What the index remembers of an image must be what its manifest says. */
async function recordProblem(blobs: BlobStore, image: ImageRecord): Promise<string | undefined> {
  try {
    const manifest = decodeManifest(await blobs.read(image.manifestDigest), image.manifestDigest);
    const said = [manifest.config.digest, ...manifest.layers.map(({ digest }) => digest)];
    const [, ...recorded] = blobsOf(image);
    return said.join() === recorded.join() ? undefined : 'its record does not agree with its manifest';
  } catch (error) {
    if (error instanceof EngineError) return error.message;
    throw error;
  }
}

async function checkLayers(
  { layers, index }: Parts,
  images: readonly ImageRecord[],
  { repair, signal }: CheckOptions,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const [id, { contentDigest }] of index.builtLayers()) {
    signal?.throwIfAborted();
    const problem = await fileProblem(layers.path(id), contentDigest);
    if (problem === undefined) continue;
    if (repair) await layers.drop(id);
    const users = images.filter((image) => image.layers.some(({ diffId }) => diffId === id));
    problems.push({ kind: 'layer', id, problem, images: users.flatMap(namesOf), repairable: true, repaired: repair });
  }
  return problems;
}

async function fileProblem(path: string, contentDigest: Digest): Promise<string | undefined> {
  try {
    return `sha256:${await sha256OfFile(path)}` === contentDigest ? undefined : 'it is not as it was built';
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return missing;
    if (error instanceof Error) return error.message;
    throw error;
  }
}

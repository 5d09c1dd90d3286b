/** The images of a docker-archive (moby's image/spec/v1.2.md): each gets an OCI manifest made from what is there. */
import { open } from 'node:fs/promises';
import { EngineError } from '../base/error.ts';
import type { BlobStore } from './blobs.ts';
import type { Digest } from './digest.ts';
import type { ArchivedBlob, ImageArchive } from './image-archive.ts';
import type { LayerRecord, NewImage } from './image-index.ts';
import { layerPacking } from './layer/decompress.ts';
import { storeManifest } from './new-image.ts';
import { decodeConfig, decodeDockerArchive } from './oci.ts';
import type { OciImageConfig } from './oci.ts';

export interface DockerImage {
  image: NewImage;
  /** As they are written there. */
  names: string[];
}

/** @throws EngineError `corrupt-content` */
export async function dockerImages(
  archive: ImageArchive,
  list: Buffer,
  context: { blobs: BlobStore; pin: (digest: Digest) => void },
): Promise<DockerImage[]> {
  const images: DockerImage[] = [];
  for (const { Config, RepoTags, Layers } of decodeDockerArchive(list, 'manifest.json')) {
    const config = found(archive, Config);
    const decoded = decodeConfig(await context.blobs.read(config.digest), config.digest);
    const layers = await layerRecords(archive, Layers ?? [], decoded, context.blobs);
    const image = await storeManifest(context.blobs, { ...decoded, ...config }, layers, context.pin);
    images.push({ image, names: RepoTags ?? [] });
  }
  return images;
}

/** The digests of configurations, each with the names that the archive gives it. */
export function dockerNames(archive: ImageArchive, list: Buffer): Map<Digest, string[]> {
  const entries = decodeDockerArchive(list, 'manifest.json');
  return new Map(
    entries.flatMap(({ Config, RepoTags }) => {
      const config = archive.find(Config);
      return config === undefined ? [] : [[config.digest, RepoTags ?? []] as const];
    }),
  );
}

async function layerRecords(
  archive: ImageArchive,
  paths: readonly string[],
  config: OciImageConfig,
  blobs: BlobStore,
): Promise<LayerRecord[]> {
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== paths.length)
    throw damaged(`an image has ${paths.length} layers, its configuration tells of ${diffIds.length}`);
  const layers: LayerRecord[] = [];
  for (const [position, diffId] of diffIds.entries()) {
    const path = paths[position] ?? '';
    const { digest, size } = found(archive, path);
    const packing = layerPacking(await head(blobs.path(digest)));
    if (packing === '' && digest !== diffId)
      throw damaged(`the layer ${path} is ${digest}, the image's configuration says ${diffId}`);
    layers.push({ digest, diffId, mediaType: `application/vnd.oci.image.layer.v1.tar${packing}`, size });
  }
  return layers;
}

async function head(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function found(archive: ImageArchive, path: string): ArchivedBlob {
  const blob = archive.find(path);
  if (blob) return blob;
  throw damaged(`it tells of ${JSON.stringify(path)}, which is not in it`);
}

function damaged(why: string): EngineError {
  return new EngineError('corrupt-content', `The archive is damaged: ${why}.`, { hint: 'Save the image again.' });
}

/** Images on the host; needs no engine. */
import * as v from 'valibot';
import { method } from '../../guest-agent/protocol/index.ts';
import { registryMethods } from './registry.ts';
import { storedImageMethods } from './stored-image.ts';

export const ImageSummary = v.object({
  /** Config digest, as Docker's image id. */
  id: v.string(),
  digest: v.string(),
  references: v.array(v.string()),
  /** `NAME@DIGEST` for each of its repositories: what the registry knows, or would know, it by. */
  repoDigests: v.array(v.string()),
  platform: v.string(),
  createdAt: v.string(),
  sizeBytes: v.number(),
  /** As they are stored, bottom first. */
  layers: v.array(v.object({ digest: v.string(), sizeBytes: v.number() })),
  labels: v.record(v.string(), v.string()),
});
export type ImageSummary = v.InferOutput<typeof ImageSummary>;

export const Descriptor = v.object({
  mediaType: v.string(),
  digest: v.string(),
  sizeBytes: v.number(),
  platform: v.optional(v.object({ os: v.string(), architecture: v.string(), variant: v.optional(v.string()) })),
  annotations: v.optional(v.record(v.string(), v.string())),
});
export type Descriptor = v.InferOutput<typeof Descriptor>;

export const ImageManifest = v.object({
  descriptor: Descriptor,
  kind: v.picklist(['image', 'attestation', 'unknown']),
  /** The manifest that an attestation is about. */
  about: v.optional(v.string()),
  /** Config digest; absent for what is not here. */
  imageId: v.optional(v.string()),
  /** Of its blobs that are here. */
  contentBytes: v.number(),
  /** Of its layers that are ready to be mounted. */
  unpackedBytes: v.number(),
});
export type ImageManifest = v.InferOutput<typeof ImageManifest>;

/** Behind a name: what it was given to, an index or a manifest, and the manifests that this leads to. */
export const ImageManifests = v.object({ target: Descriptor, manifests: v.array(ImageManifest) });
export type ImageManifests = v.InferOutput<typeof ImageManifests>;

export const imageMethods = {
  list: method('image.list', v.object({}), v.array(ImageSummary)),
  /** The OCI config and manifest facts, as they are stored. */
  inspect: method(
    'image.inspect',
    v.object({ reference: v.string(), platform: v.optional(v.string()) }),
    v.object({ summary: ImageSummary, config: v.unknown() }),
  ),
  manifests: method('image.manifests', v.object({ reference: v.string() }), ImageManifests),
  /** An OCI layout folder on the host. */
  importLayout: method(
    'image.importLayout',
    v.object({ path: v.string(), reference: v.string() }),
    v.object({ references: v.array(v.string()) }),
  ),
  ...storedImageMethods,
  ...registryMethods,
};

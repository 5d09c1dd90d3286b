/** The manifests behind an image's name, in Docker's shape (`ImageManifestSummary`). */
import type { Descriptor, ImageManifest, ImageManifests } from '../../contract/image.ts';

/** @param users ids of containers, by the image that they are made of; none are known while the machine is off */
export function manifestFields(
  { target, manifests }: ImageManifests,
  users: ReadonlyMap<string, readonly string[]> = new Map(),
) {
  return {
    Descriptor: descriptorOf(target),
    Manifests: manifests.map((manifest) => manifestSummary(manifest, users.get(manifest.imageId ?? '') ?? [])),
  };
}

function manifestSummary(manifest: ImageManifest, containers: readonly string[]) {
  const { descriptor, kind, about, imageId, contentBytes, unpackedBytes } = manifest;
  return {
    ID: descriptor.digest,
    Descriptor: descriptorOf(descriptor),
    Available: imageId !== undefined,
    Size: { Content: contentBytes, Total: contentBytes + unpackedBytes },
    Kind: kind,
    ...(kind === 'image' && {
      ImageData: { Platform: descriptor.platform, Containers: containers, Size: { Unpacked: unpackedBytes } },
    }),
    ...(kind === 'attestation' && { AttestationData: { For: about } }),
  };
}

function descriptorOf({ mediaType, digest, sizeBytes, annotations, platform }: Descriptor) {
  return { mediaType, digest, size: sizeBytes, ...(annotations && { annotations }), ...(platform && { platform }) };
}

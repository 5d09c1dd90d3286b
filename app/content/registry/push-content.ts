import { createHash } from 'node:crypto';
import type { Digest } from '../digest.ts';
import type { ImageRecord } from '../image-index.ts';
import { isAttestation } from '../image-reader.ts';
import type { OciDescriptor, Platform } from '../oci.ts';
import { decodeIndex, documentType, isIndexType } from '../oci.ts';

export interface PushRequest {
  /** What the name was given to: an index or a manifest. */
  readonly target: Digest;
  /** The name's images that are here; one or more. */
  readonly images: readonly ImageRecord[];
  /** A document of the store. */
  readonly read: (digest: Digest) => Promise<Buffer>;
  /** True if the repository has that manifest. */
  readonly isThere: (digest: Digest) => Promise<boolean>;
}

export interface Outgoing {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

export interface PushPlan {
  /** With all that they mention. */
  readonly manifests: readonly Outgoing[];
  /** What the tag will stand for. */
  readonly top: Outgoing;
  readonly leftOut: readonly Platform[];
}

const INDEX = 'application/vnd.oci.image.index.v1+json';

/**
 * An index goes as it is when every manifest in it is here or there already. Else the tag will stand for what is here: the
 * one manifest, or a new index of them.
 */
export async function pushPlan({ target, images, read, isThere }: PushRequest): Promise<PushPlan> {
  const load = async (digest: Digest): Promise<Outgoing> => {
    const bytes = await read(digest);
    return { digest, bytes, mediaType: documentType(bytes, digest) };
  };
  const manifests = await Promise.all(images.map(({ manifestDigest }) => load(manifestDigest)));
  const top = await load(target);
  const entries = isIndexType(top.mediaType) ? decodeIndex(top.bytes, target).manifests : [];
  const missing = entries.filter(({ digest }) => !images.some((image) => image.manifestDigest === digest));
  const absent: OciDescriptor[] = [];
  for (const entry of missing) if (!(await isThere(entry.digest))) absent.push(entry);
  if (entries.length > 0 && absent.length === 0) return { manifests, top, leftOut: [] };
  const leftOut = absent.filter((entry) => !isAttestation(entry)).flatMap(({ platform }) => platform ?? []);
  const [only, ...more] = manifests;
  if (only !== undefined && more.length === 0) return { manifests, top: only, leftOut };
  return { manifests, top: newIndex(manifests, images), leftOut };
}

function newIndex(manifests: readonly Outgoing[], images: readonly ImageRecord[]): Outgoing {
  const entries = manifests.map(({ digest, mediaType, bytes }, position) => ({
    ...{ mediaType, digest, size: bytes.length, platform: images[position]?.platform },
  }));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: entries }));
  return { mediaType: INDEX, bytes, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}` };
}

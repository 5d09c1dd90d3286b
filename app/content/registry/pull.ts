import { EngineError } from '../../base/error.ts';
import type { Digest } from '../digest.ts';
import type { NewImage } from '../image-index.ts';
import { isAttestation, manifestsIn, readImages } from '../image-reader.ts';
import type { OciDescriptor, Platform } from '../oci.ts';
import { decodeConfig, decodeManifest, documentType, formatPlatform, isIndexType, platformMatches } from '../oci.ts';
import { RegistrySource } from './registry-source.ts';
import type { SourceOptions } from './registry-source.ts';
import type { RemoteImage } from './remote-image.ts';

export interface PullOptions extends SourceOptions {
  readonly platform: Platform | 'all';
  /** The platform was asked for: an image that is for another one alone is refused. */
  readonly strict: boolean;
}

export interface Pulled {
  /** The index or manifest that the name stands for. */
  readonly target: Digest;
  readonly images: NewImage[];
  /** Something of an image had to be fetched. */
  readonly fetched: boolean;
}

/**
 * Brings an image and its blobs into the store.
 * @param known what the name meant before: when it means that still, documents that are here are not asked for again
 * @throws EngineError `no-such-image`, `wrong-platform`, `unsupported`, `corrupt-content`, `disk-full`, `unreachable`
 */
export async function pullImage(image: RemoteImage, known: Digest | undefined, options: PullOptions): Promise<Pulled> {
  const { blobs, platform, strict } = options;
  const top = await topDocument(image, known, options);
  const bytes = await blobs.read(top.digest);
  const isIndex = isIndexType(top.mediaType);
  const only = isIndex ? choose(await entriesOf(image, top, options), platform, image.name) : undefined;
  const source = new RegistrySource(image, only, options);
  if (!isIndex && strict && platform !== 'all') {
    const { config } = decodeManifest(bytes, top.digest);
    await source.fetch(config);
    const offered = decodeConfig(await blobs.read(config.digest), config.digest);
    if (!platformMatches(offered, platform)) throw wrongPlatform(image.name, [offered], formatPlatform(platform));
  }
  const images = await readImages(source, top);
  return { target: top.digest, images, fetched: source.fetched };
}

async function topDocument(
  image: RemoteImage,
  known: Digest | undefined,
  { blobs, pin, signal }: PullOptions,
): Promise<OciDescriptor> {
  if (known !== undefined && (await image.digest(signal)) === known) {
    pin(known);
    if (await blobs.isWhole(known)) {
      const bytes = await blobs.read(known);
      return {
        mediaType: documentType(bytes, known),
        digest: known,
        size: bytes.length,
        platform: undefined,
        annotations: undefined,
      };
    }
  }
  const { descriptor, bytes } = await image.document(undefined, signal);
  pin(descriptor.digest);
  await blobs.addBytes(descriptor.digest, bytes);
  return descriptor;
}

/** What an index leads to, inner indexes followed. */
async function entriesOf(
  image: RemoteImage,
  { digest }: OciDescriptor,
  options: PullOptions,
): Promise<OciDescriptor[]> {
  const documents = new RegistrySource(image, undefined, options);
  const open = async (inner: OciDescriptor) => {
    await documents.fetch(inner);
    return documents.read(inner.digest);
  };
  return manifestsIn({ digest, bytes: await documents.read(digest) }, open);
}

/** The manifests of an index to bring in. @throws EngineError `wrong-platform` telling which platforms there are. */
function choose(listed: readonly OciDescriptor[], wanted: Platform | 'all', name: string): ReadonlySet<Digest> {
  const entries = listed.filter((entry) => !isAttestation(entry));
  const offered = entries.flatMap(({ platform }) => platform ?? []);
  if (wanted === 'all') {
    // Layers of Windows are of another kind, and may not be given on.
    const usable = entries.filter(({ platform }) => (platform?.os ?? 'linux') === 'linux');
    if (usable.length === 0) throw wrongPlatform(name, offered, 'linux');
    return new Set(usable.map((entry) => entry.digest));
  }
  const exact = entries.find(({ platform }) => platform && formatPlatform(platform) === formatPlatform(wanted));
  const close = entries.find(({ platform }) => platform && platformMatches(platform, wanted));
  const found = exact ?? close ?? entries.find(({ platform }) => platform === undefined);
  if (found) return new Set([found.digest]);
  throw wrongPlatform(name, offered, formatPlatform(wanted));
}

function wrongPlatform(name: string, offered: readonly Platform[], wanted: string): EngineError {
  const there = [...new Set(offered.map((platform) => formatPlatform(platform)))].join(', ');
  return new EngineError('wrong-platform', `${name} is published for ${there || 'no platform'}, not for ${wanted}.`, {
    hint: 'Choose one of those by --platform, or another image.',
  });
}

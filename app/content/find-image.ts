import { EngineError } from '../base/error.ts';
import type { ImageIndex, ImageRecord, NewImage } from './image-index.ts';
import type { Platform } from './oci.ts';
import { formatPlatform, parsePlatform, platformMatches } from './oci.ts';
import type { ImageReference } from './reference.ts';
import { familiarReference, formatReference, parseReference } from './reference.ts';

export interface Found {
  /** The full reference, if it was found by name. */
  name?: string;
  /** One or more: those of the name's platforms that are here. */
  images: [ImageRecord, ...ImageRecord[]];
}

/**
 * Looks an image up by name, by name and digest, or by the first digits of its ID.
 * @throws EngineError `no-such-image`, `invalid-argument`
 */
export function findImages(index: ImageIndex, text: string): Found {
  const id = /^(?:sha256:)?([0-9a-f]{2,64})$/.exec(text)?.[1];
  const isWholeId = id?.length === 64;
  const parsed = isWholeId ? undefined : parseReference(text);
  const byName = parsed && foundByName(index, parsed);
  if (byName) return byName;
  const [first, ...more] = id === undefined ? [] : index.byId(id);
  if (first && more.some((image) => image.configDigest !== first.configDigest))
    throw new EngineError('invalid-argument', `Several images have an ID that starts with ${text}.`, {
      hint: 'Give more digits of it.',
    });
  if (first) return { images: [first, ...more] };
  const name = parsed ? familiarReference(parsed) : text;
  throw new EngineError('no-such-image', `There is no image ${name} here.`, {
    hint: `Those that are here: berth images. From an OCI layout: berth image import FOLDER ${name}.`,
  });
}

function foundByName(index: ImageIndex, reference: ImageReference): Found | undefined {
  const name = formatReference(reference);
  const [first, ...more] = index.named(name);
  if (first) return { name, images: [first, ...more] };
  const { digest, registry, repository } = reference;
  if (digest === undefined) return undefined;
  const prefix = `${registry}/${repository}`;
  const isOurs = (other: string): boolean => [':', '@'].some((mark) => other.startsWith(prefix + mark));
  const [byTarget, ...others] = index
    .namesOfTarget(digest)
    .filter(isOurs)
    .flatMap((other) => index.named(other));
  if (byTarget) return { images: unique([byTarget, ...others]) };
  const [image] = index.byId(digest.slice('sha256:'.length));
  return image?.manifestDigest === digest && image.references.some(isOurs) ? { images: [image] } : undefined;
}

function unique([first, ...more]: [ImageRecord, ...ImageRecord[]]): [ImageRecord, ...ImageRecord[]] {
  const seen = new Set([first.manifestDigest]);
  return [first, ...more.filter(({ manifestDigest }) => !seen.has(manifestDigest) && seen.add(manifestDigest))];
}

/** One image for each platform; all of them where none is asked for. @throws EngineError as {@link pickPlatform} */
export function pickPlatforms<T extends NewImage>(
  images: readonly T[],
  reference: string,
  wanted: readonly Platform[],
): readonly T[] {
  if (wanted.length === 0) return images;
  return [...new Set(wanted.map((platform) => pickPlatform(images, reference, platform)))];
}

/** The image that was made for the platform, else one that runs there. */
export function closestPlatform<T extends NewImage>(images: readonly T[], wanted: Platform): T | undefined {
  const exact = images.find(({ platform }) => formatPlatform(platform) === formatPlatform(wanted));
  return exact ?? images.find(({ platform }) => platformMatches(platform, wanted));
}

/** The image for the platform that is asked for; where none is, that for `own`, or any. @throws EngineError as above */
export function imageToShow(
  { images }: Found,
  reference: string,
  { wanted, own }: { wanted: string | undefined; own: string },
): ImageRecord {
  if (wanted !== undefined) return pickPlatform(images, reference, parsePlatform(wanted));
  return closestPlatform(images, parsePlatform(own)) ?? images[0];
}

/** @throws EngineError `wrong-platform` telling which platforms there are. */
export function pickPlatform<T extends NewImage>(images: readonly T[], reference: string, wanted: Platform): T {
  const image = closestPlatform(images, wanted);
  if (image) return image;
  const there = [...new Set(images.map(({ platform }) => formatPlatform(platform)))].join(', ');
  throw new EngineError(
    'wrong-platform',
    `The image ${reference} is for ${there}, not for ${formatPlatform(wanted)}.`,
    {
      data: { reference, platform: formatPlatform(wanted) },
      hint: `Import one that is made for ${formatPlatform(wanted)}: berth image import FOLDER ${reference}`,
    },
  );
}

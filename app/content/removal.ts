/** Which names and images go when one is to be removed: Docker's rules for `rmi`. Pure. */
import { EngineError } from '../base/error.ts';
import type { Found } from './find-image.ts';
import { pickPlatforms } from './find-image.ts';
import type { ImageRecord, Leaving } from './image-index.ts';
import type { Platform } from './oci.ts';
import type { Digest } from './digest.ts';

/** A container that is made of an image. */
export interface ImageUser {
  readonly machine: string;
  readonly container: string;
  readonly running: boolean;
}

export interface RemovalRequest {
  readonly force?: boolean;
  /** Only these; a name goes with its last platform. */
  readonly platforms?: readonly Platform[];
  /** Who is made of the image, as far as anybody knows. */
  readonly usersOf?: (image: ImageRecord) => readonly ImageUser[];
}

export interface Removal {
  /** Full references to take away. */
  readonly names: readonly string[];
  /** Images to forget once no name holds them. */
  readonly images: readonly ImageRecord[];
  /** Images that names keep nothing of, though they stay. */
  readonly leaving?: readonly Leaving[];
}

export interface Removed {
  /** Full references that are gone. */
  untagged: string[];
  /** Manifest digests of images that are gone. */
  deleted: Digest[];
  /** Bytes that the host's disk got back. */
  freed: number;
}

/** @throws EngineError `in-use`, `wrong-platform` */
export function planRemoval(
  reference: string,
  { name, images: all }: Found,
  { force = false, platforms = [], usersOf = () => [] }: RemovalRequest,
): Removal {
  const images = pickPlatforms(all, reference, platforms);
  if (name === undefined) return byId(reference, images, { force, users: images.flatMap(usersOf) });
  const last = images.filter(({ references }) => references.every((other) => other === name));
  const users = last.flatMap(usersOf);
  if (users.length > 0 && !force) throw used(reference, users, 'or take only its name away with --force');
  // The containers' image stays, without a name.
  const gone = users.length > 0 ? [] : images;
  if (images.length === all.length) return { names: [name], images: gone };
  return { names: [], images: gone, leaving: images.map(({ manifestDigest }) => ({ name, manifest: manifestDigest })) };
}

function byId(
  reference: string,
  images: readonly ImageRecord[],
  { force, users }: { force: boolean; users: readonly ImageUser[] },
): Removal {
  const names = [...new Set(images.flatMap((image) => image.references))];
  if (names.length > 1 && !force)
    throw new EngineError('in-use', `The image ${reference} has several names: ${names.join(', ')}.`, {
      hint: 'Remove it by its names, or all at once with --force.',
    });
  const running = users.filter((user) => user.running);
  if (running.length > 0) throw used(reference, running, 'which --force does not do for you');
  if (users.length > 0 && !force) throw used(reference, users, 'or add --force: they keep what they need');
  return { names, images };
}

function used(reference: string, users: readonly ImageUser[], otherwise: string): EngineError {
  const [first] = users.map(({ container, machine, running }) => {
    const state = running ? 'running' : 'stopped';
    return `the ${state} container ${container} of the machine ${machine}`;
  });
  const more = users.length > 1 ? ` and ${users.length - 1} more` : '';
  return new EngineError('in-use', `The image ${reference} is used by ${first ?? ''}${more}.`, {
    hint: `Remove the ${users.length > 1 ? 'containers' : 'container'} first, ${otherwise}.`,
    data: { containers: users.map(({ container }) => container) },
  });
}

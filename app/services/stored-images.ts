/** What front doors do with the images of the content store, and what machines are told of it. */
import { changedConfig } from '../content/config-change.ts';
import { imageToShow } from '../content/find-image.ts';
import type { ImageRecord } from '../content/image-index.ts';
import type { OciImageConfig } from '../content/oci.ts';
import { familiarReference, parseReference } from '../content/reference.ts';
import type { ImageUser } from '../content/removal.ts';
import type { ContentStore } from '../content/store.ts';
import type { HostApi, HostEvent } from '../contract/index.ts';
import type { ArchiveStreams } from './archive-streams.ts';
import { imageHistory } from './image-history.ts';
import { parsePlatform } from '../content/oci.ts';

export interface StoredImagesOptions {
  readonly content: ContentStore;
  readonly streams: ArchiveStreams;
  /** `os/arch` of images that say nothing else. */
  readonly platform: string;
  readonly emit: (event: HostEvent) => void;
  /** By the image's id: containers of the machines that run. */
  readonly users: () => Promise<ReadonlyMap<string, readonly ImageUser[]>>;
  /** After images went: guests drop layers that nobody needs any more. */
  readonly removed: () => Promise<void>;
}

type Images = HostApi<AbortSignal>['images'];
export type StoredImages = Pick<Images, 'history' | 'tag' | 'remove' | 'save' | 'saved' | 'upload' | 'load' | 'import'>;

const never = new AbortController().signal;
const familiar = (reference: string): string => familiarReference(parseReference(reference));

export function storedImagesApi(options: StoredImagesOptions): StoredImages {
  const { content, streams, platform, emit } = options;
  return {
    history: async ({ reference, platform: wanted }) => {
      const image = imageToShow(content.find(reference), reference, { wanted, own: platform });
      return imageHistory(image, await content.config(image));
    },
    tag: ({ source, target }) => {
      content.tag(source, target);
      return Promise.resolve({});
    },
    remove: async ({ reference, force, platforms = [] }) => {
      // Found before machines are asked: what is not here is told at once.
      content.find(reference);
      const users = await options.users();
      const usersOf = ({ configDigest }: ImageRecord): readonly ImageUser[] => users.get(configDigest) ?? [];
      const { untagged, deleted, freed } = await content.remove(reference, {
        ...{ force, usersOf, platforms: platforms.map(parsePlatform) },
      });
      if (deleted.length > 0) await options.removed();
      return { untagged: untagged.map(familiar), deleted, reclaimedBytes: freed };
    },
    save: async ({ references, platforms = [] }) => {
      const bytes = await Promise.resolve(content.save(references, platforms.map(parsePlatform)));
      return { stream: streams.download(bytes) };
    },
    saved: async ({ stream }) => {
      await streams.finished(stream);
      return {};
    },
    upload: () => Promise.resolve({ stream: streams.upload() }),
    load: async ({ stream, platforms = [], transfer = '' }, signal = never) => {
      const loaded = await content.load(streams.take(stream, signal), {
        signal,
        platforms: platforms.map(parsePlatform),
        onLayer: (layer) => emit({ kind: 'transfer', transfer, direction: 'load', reference: '', ...layer }),
      });
      return loaded.map(({ configDigest, given }) => ({ id: configDigest, references: given.map(familiar) }));
    },
    import: async ({ stream, reference, changes, message, platform: wanted }, signal = never) => {
      const config = importedConfig(changes, message, wanted || platform);
      const { configDigest } = await content.createImage({
        layer: streams.take(stream, signal),
        config,
        ...(reference !== '' && { reference }),
        signal,
      });
      return { id: configDigest };
    },
  };
}

function importedConfig(changes: readonly string[], comment: string, platform: string): Omit<OciImageConfig, 'rootfs'> {
  const created = new Date().toISOString();
  const { os, architecture, variant } = parsePlatform(platform);
  const run = changedConfig({}, changes);
  return { created, author: undefined, os, architecture, variant, config: run, history: [{ created, comment }] };
}

/** The services on the content store that all machines share. */
import type { Log } from '../base/log.ts';
import type { ContentStore } from '../content/store.ts';
import type { HostApi, HostEvent } from '../contract/index.ts';
import { ArchiveStreams } from './archive-streams.ts';
import { imageUsers } from './image-users.ts';
import type { Machine } from './machine-services.ts';
import { storedImagesApi } from './stored-images.ts';
import type { StoredImages } from './stored-images.ts';
import type { StreamTokens } from './stream-tokens.ts';
import { systemApi } from './system-api.ts';

export interface ContentServicesOptions {
  readonly content: ContentStore;
  /** `os/arch` */
  readonly platform: string;
  readonly tokens: StreamTokens;
  readonly machines: () => Iterable<Machine>;
  readonly emit: (event: HostEvent) => void;
  /** Blocks that a machine's disk takes on the host. */
  readonly diskBytes: (machine: string) => Promise<number>;
  readonly log: Log;
}

export interface ContentServices {
  readonly images: StoredImages;
  /** For the connections of one machine. */
  readonly system: (machine: Machine) => HostApi<AbortSignal>['system'];
}

export function contentServices(options: ContentServicesOptions): ContentServices {
  const { content, platform, emit, machines, diskBytes, log } = options;
  const users = () => imageUsers(machines());
  const removed = async (): Promise<void> => {
    const drops = [...machines()].map((machine) => machine.dropUnusedLayers());
    // The images are gone all the same, and a guest does it at its next start.
    for (const drop of await Promise.allSettled(drops))
      if (drop.status === 'rejected')
        log.warn({ err: drop.reason as unknown }, 'a guest kept layers that nobody needs');
  };
  const streams = new ArchiveStreams(options.tokens);
  return {
    images: storedImagesApi({ content, streams, platform, emit, users, removed }),
    system: (machine) => systemApi({ content, machine, machines, users, removed, log, diskBytes }),
  };
}

import type { HostApi, HostEvent, PullParams, PushParams, TransferEvent } from '../contract/index.ts';
import type { ImageSource } from './image-source.ts';
import type { RegistrySource, TransferOptions } from './registry-source.ts';
import type { StoredImages } from './stored-images.ts';

export interface ImagesApiOptions {
  readonly images: ImageSource;
  readonly stored: StoredImages;
  readonly registries: RegistrySource;
  readonly emit: (event: HostEvent) => void;
}

export function imagesApi({ images, stored, registries, emit }: ImagesApiOptions): HostApi<AbortSignal>['images'] {
  const told = (
    direction: TransferEvent['direction'],
    { transfer = '', reference }: PullParams | PushParams,
    signal?: AbortSignal,
  ): TransferOptions => ({
    signal,
    onProgress: (progress) => emit({ kind: 'transfer', transfer, direction, reference, ...progress }),
  });
  return {
    list: () => images.list(),
    inspect: ({ reference, platform }) => images.inspect(reference, platform),
    manifests: ({ reference }) => images.manifests(reference),
    importLayout: async ({ path, reference }) => ({ references: await images.importLayout(path, reference) }),
    ...stored,
    pull: (params, signal) => registries.pull(params, told('pull', params, signal)),
    push: (params, signal) => registries.push(params, told('push', params, signal)),
    describe: (params, signal) => registries.describe(params, signal),
    tags: (params, signal) => registries.tags(params, signal),
    search: (params, signal) => registries.search(params, signal),
    login: (params, signal) => registries.login(params, signal),
    logout: ({ serverAddress }) => registries.logout(serverAddress),
  };
}

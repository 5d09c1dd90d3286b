/** Stores, clients and images for tests of the registry client. */
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { RegistryClient } from '../../app/content/registry/client.ts';
import type { RegistryClientOptions } from '../../app/content/registry/client.ts';
import type { ContentStore } from '../../app/content/store.ts';
import { openStore } from '../../app/content/store.ts';
import type { LayoutImageOptions, MadeLayout } from './oci-layout.ts';
import { makeOciLayout } from './oci-layout.ts';
import { temporaryFolder } from './temporary-folder.ts';

export const amd64 = { os: 'linux', architecture: 'amd64', variant: undefined };
export const quietly = { onProgress: () => undefined };
/** For pulls of what is there for one platform. */
export const plain = { platform: amd64, strict: false, ...quietly };

interface Test {
  after(fn: () => Promise<void>): void;
}

export interface OwnClient {
  readonly client: RegistryClient;
  readonly store: ContentStore;
  /** Milliseconds that were waited before tries; nothing waits in truth. */
  readonly waits: readonly number[];
  readonly folder: string;
  /** What lies in a folder of the store. */
  readonly files: (folder: 'ingest' | 'blobs/sha256') => Promise<string[]>;
}

/** @param at folder of a store that is there already */
export async function ownClient(
  t: Test,
  options: Partial<RegistryClientOptions> = {},
  at?: string,
): Promise<OwnClient> {
  const folder = at ?? (await temporaryFolder(t));
  const store = await openStore(join(folder, 'content'));
  t.after(() => {
    store.close();
    return Promise.resolve();
  });
  const waits: number[] = [];
  const wait = (milliseconds: number): Promise<void> => {
    waits.push(milliseconds);
    return Promise.resolve();
  };
  const client = new RegistryClient({
    store,
    settingsFile: join(folder, 'registries.json'),
    env: {},
    home: folder,
    os: 'linux',
    retry: { tries: 4, firstWait: 1, wait },
    ...options,
  });
  const files = (inside: string): Promise<string[]> => readdir(join(folder, 'content', inside));
  return { client, store, waits, folder, files };
}

/** An image of layers that no compression makes small: one of as many bytes each. */
export async function madeImage(
  t: Test,
  sizes: readonly number[],
  options: LayoutImageOptions = {},
): Promise<MadeLayout & { layout: string }> {
  const layout = await temporaryFolder(t);
  const layers = sizes.map((size, position) => [{ path: `file${position}`, data: randomBytes(size) }]);
  return { layout, ...makeOciLayout(layout, layers, { Cmd: ['sh'] }, { compression: 'none', ...options }) };
}

/** OCI layouts, as a folder and as an archive that was read, as a source of images (image-layout.md). */
import { lstat, readFile } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../base/atomic-file.ts';
import type { BlobStore } from './blobs.ts';
import { corrupt } from './blobs.ts';
import type { Digest } from './digest.ts';
import { digestHex } from './digest.ts';
import { noImages } from './image-archive.ts';
import type { ContentSource } from './image-reader.ts';
import type { OciDescriptor } from './oci.ts';

export interface LayoutOptions {
  blobs: BlobStore;
  signal?: AbortSignal;
  /** Told of each blob as it is brought in. */
  onBlob?: (digest: Digest) => void;
}

export interface OpenLayout {
  /** The bytes of `index.json`. */
  index: Buffer;
  source: ContentSource;
}

const READ_SIZE = 64 * 1024;

/** @throws EngineError `invalid-argument` if the folder is no OCI layout. */
export async function openLayoutFolder(folder: string, { blobs, signal, onBlob }: LayoutOptions): Promise<OpenLayout> {
  const index = await readFile(join(folder, 'index.json')).catch((cause: unknown) => {
    throw isErrno(cause, 'ENOENT') ? noImages(`The folder ${folder}`, 'it has no index.json', cause) : cause;
  });
  const path = (digest: Digest): string => join(folder, 'blobs', 'sha256', digestHex(digest));
  const source: ContentSource = {
    has: ({ digest }) =>
      lstat(path(digest))
        .then((found) => found.isFile())
        .catch(() => false),
    fetch: async (descriptor) => {
      onBlob?.(descriptor.digest);
      if (!(await source.has(descriptor))) throw corrupt(descriptor.digest, `the layout ${folder} does not have it`);
      const bytes = createReadStream(path(descriptor.digest), { highWaterMark: READ_SIZE, signal });
      await blobs.add(descriptor.digest, descriptor.size, bytes);
    },
    read: (digest) => blobs.read(digest),
  };
  return { index, source };
}

/** The blobs of an archive that is an OCI layout; they are in the store already. */
export function layoutArchive({ blobs, onBlob }: LayoutOptions): ContentSource {
  const source: ContentSource = {
    has: async ({ digest }) => (await blobs.size(digest)) !== undefined,
    fetch: async (descriptor) => {
      onBlob?.(descriptor.digest);
      if (!(await source.has(descriptor))) throw corrupt(descriptor.digest, 'the archive does not have it');
    },
    read: (digest) => blobs.read(digest),
  };
  return source;
}

/** What a layout's entry is called: a full name where the maker gave one; a bare tag names nothing. */
export function nameInLayout({ annotations }: OciDescriptor): string | undefined {
  const name = annotations?.['io.containerd.image.name'] ?? annotations?.['org.opencontainers.image.ref.name'];
  return name !== undefined && /[/:]/.test(name) ? name : undefined;
}

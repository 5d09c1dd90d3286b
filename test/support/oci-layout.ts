/** Makes small OCI image layouts from lists of files, so that tests need no network and no other tool. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { TarEntrySpec } from './tar.ts';
import { makeTar } from './tar.ts';

export type { TarEntrySpec } from './tar.ts';

export interface LayoutImageOptions {
  /** `gzip` unless given. */
  compression?: 'gzip' | 'zstd' | 'none';
  /** Goes into the annotation that names the image. */
  reference?: string;
  os?: string;
  architecture?: string;
  variant?: string;
}

export interface MadeLayout {
  manifestDigest: string;
  configDigest: string;
  layers: { digest: string; diffId: string }[];
}

/** The part of an image's configuration that tells how to run it. */
export type RunConfig = Readonly<Record<string, unknown>>;

const sha256 = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const layerType = 'application/vnd.oci.image.layer.v1.tar';
const compressions = {
  gzip: { suffix: '+gzip', compress: (tar: Buffer) => gzipSync(tar, { level: 1 }) },
  zstd: { suffix: '+zstd', compress: (tar: Buffer) => zstdCompressSync(tar) },
  none: { suffix: '', compress: (tar: Buffer) => tar },
};

/** Adds a blob to a layout (or just computes its digest if there is no folder yet). */
export function addBlob(folder: string, bytes: Buffer): { digest: string; size: number } {
  const digest = sha256(bytes);
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
  writeFileSync(join(folder, 'blobs/sha256', digest.slice('sha256:'.length)), bytes);
  return { digest, size: bytes.length };
}

/** A layer whose blob is in the layout. */
export interface LayerBlob {
  mediaType: string;
  digest: string;
  size: number;
  diffId: string;
}

/**
 * Makes an image of these layers (bottom first) in the layout folder; a second call for the same folder adds a second
 * image to its index.
 */
export function makeOciLayout(
  folder: string,
  layers: readonly (readonly TarEntrySpec[])[],
  config: RunConfig = {},
  options: LayoutImageOptions = {},
): MadeLayout {
  const { compress, suffix } = compressions[options.compression ?? 'gzip'];
  const made = layers.map((entries) => {
    const tar = makeTar(entries);
    return { mediaType: layerType + suffix, diffId: sha256(tar), ...addBlob(folder, compress(tar)) };
  });
  return addImage(folder, made, config, options);
}

/** The same for layers that are in the layout already. */
export function addImage(
  folder: string,
  made: readonly LayerBlob[],
  config: RunConfig,
  options: LayoutImageOptions,
): MadeLayout {
  const platform = {
    os: options.os ?? 'linux',
    architecture: options.architecture ?? 'amd64',
    variant: options.variant,
  };
  const document = {
    ...platform,
    created: '2025-01-01T00:00:00Z',
    config,
    rootfs: { type: 'layers', diff_ids: made.map(({ diffId }) => diffId) },
  };
  const imageConfig = addBlob(folder, json(document));
  const manifest = addBlob(
    folder,
    json({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...imageConfig },
      layers: made.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
    }),
  );
  addToIndex(folder, {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    ...manifest,
    platform,
    ...(options.reference ? { annotations: { 'org.opencontainers.image.ref.name': options.reference } } : {}),
  });
  return {
    manifestDigest: manifest.digest,
    configDigest: imageConfig.digest,
    layers: made.map(({ digest, diffId }) => ({ digest, diffId })),
  };
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

function addToIndex(folder: string, descriptor: object): void {
  const path = join(folder, 'index.json');
  const before = readdirSync(folder).includes('index.json')
    ? (JSON.parse(readFileSync(path, 'utf8')) as { manifests: object[] }).manifests
    : [];
  writeFileSync(path, JSON.stringify({ schemaVersion: 2, manifests: [...before, descriptor] }));
  writeFileSync(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
}

/** The layout folder as one tar archive, as `skopeo copy … oci-archive:` writes it. */
export function layoutArchive(folder: string): Buffer {
  const blobs = readdirSync(join(folder, 'blobs/sha256')).map((name) => `blobs/sha256/${name}`);
  return makeTar(
    ['oci-layout', ...blobs, 'index.json'].map((path) => ({ path, data: readFileSync(join(folder, path)) })),
  );
}

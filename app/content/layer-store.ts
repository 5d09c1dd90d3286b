import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { isErrno } from '../base/atomic-file.ts';
import { allocatedBytes } from '../base/disk-use.ts';
import { EngineError } from '../base/error.ts';
import { takeTurn } from '../base/turn.ts';
import type { BlobStore } from './blobs.ts';
import { corrupt } from './blobs.ts';
import type { Digest } from './digest.ts';
import { digestHex } from './digest.ts';
import type { BuiltLayerRecord, ImageIndex, LayerRecord } from './image-index.ts';
import { buildLayerImage } from './layer/build.ts';
import type { LayerLimits } from './layer/layer-writer.ts';
import { isAbandoned, partName } from './part-name.ts';
import { movedAway } from './put-in-place.ts';

export interface LayerImage {
  diffId: Digest;
  /** The EROFS image, ready to be mounted. */
  erofsPath: string;
  /** Bytes of the image. */
  size: number;
  /** Of the image. */
  contentDigest: Digest;
  /** Of the image: XXH64, 16 hexadecimal digits. */
  checksum: string;
}

export interface LayerOptions {
  signal?: AbortSignal;
  limits?: LayerLimits;
  /** Told the bytes unpacked so far of a layer that has to be built. */
  onProgress?: (diffId: Digest, unpacked: number) => void;
  /** Told each layer that had to be built, as soon as it can be used. */
  onBuilt?: (layer: LayerImage) => void;
}

type Built = LayerImage & { opaqueRoot: boolean };

/** Unpacking keeps one processor busy; what each build holds in memory counts, too. */
const BUILDS_AT_A_TIME = 2;

/** EROFS images of layers by diffID: `erofs/HEX.erofs`, each built once, from its blob, when it is first asked for. */
export class LayerStore {
  readonly #folder: string;
  readonly #blobs: BlobStore;
  readonly #index: ImageIndex;
  readonly #building = new Map<Digest, Promise<Built>>();
  readonly #slots = pLimit(BUILDS_AT_A_TIME);
  readonly #large = pLimit(1);

  private constructor(folder: string, blobs: BlobStore, index: ImageIndex) {
    this.#folder = join(folder, 'erofs');
    this.#blobs = blobs;
    this.#index = index;
  }

  static async open(folder: string, blobs: BlobStore, index: ImageIndex): Promise<LayerStore> {
    const store = new LayerStore(folder, blobs, index);
    await mkdir(store.#folder, { recursive: true, mode: 0o700 });
    return store;
  }

  /**
   * The layer's image; two callers share one build, which ends when the one that began it cancels.
   * @throws EngineError `invalid-layer`, `corrupt-content` naming the blob, `disk-full`, `cancelled`
   */
  async get(layer: LayerRecord, options: LayerOptions = {}): Promise<Built> {
    for (;;) {
      options.signal?.throwIfAborted();
      const shared = this.#building.get(layer.diffId);
      const building = shared ?? this.#begin(layer, options);
      try {
        return await building;
      } catch (error) {
        const othersCancel = shared && error instanceof EngineError && error.code === 'cancelled';
        if (!othersCancel) throw error;
      }
    }
  }

  /** Removes images that no record needs, and what dead processes left half-built; returns the bytes that the disk got back. */
  async sweep(): Promise<number> {
    let freed = 0;
    for (const name of await readdir(this.#folder)) {
      const diffId: Digest = `sha256:${name.replace(/\.erofs$/, '')}`;
      const keep = name.endsWith('.erofs')
        ? this.#building.has(diffId) || this.#index.mentionsLayer(diffId)
        : !isAbandoned(name);
      if (!keep) freed += await this.#discard(name, diffId);
    }
    return freed;
  }

  path(diffId: Digest): string {
    return join(this.#folder, `${digestHex(diffId)}.erofs`);
  }

  #begin(layer: LayerRecord, options: LayerOptions): Promise<Built> {
    const building = this.#find(layer.diffId)
      .then((found) => found ?? this.#slots(() => this.#build(layer, options)))
      .finally(() => this.#building.delete(layer.diffId));
    this.#building.set(layer.diffId, building);
    return building;
  }

  async #find(diffId: Digest): Promise<Built | undefined> {
    const record = this.#index.builtLayer(diffId);
    if (!record) return undefined;
    const size = await stat(this.path(diffId)).then(
      (found) => found.size,
      (error: unknown) => {
        if (isErrno(error, 'ENOENT')) return undefined;
        throw error;
      },
    );
    return size === record.size ? this.#built(diffId, record) : undefined;
  }

  async #build(layer: LayerRecord, { signal, limits, onProgress, onBuilt }: LayerOptions): Promise<Built> {
    const { digest, diffId } = layer;
    if ((await this.#blobs.size(digest)) === undefined) throw corrupt(digest, 'it is missing');
    try {
      const built = await buildLayerImage(this.#blobs.stream(digest, { signal }), {
        layer: digest,
        diffId,
        target: this.path(diffId),
        limits,
        signal,
        large: () => takeTurn(this.#large, signal),
        onProgress: onProgress && ((unpacked) => onProgress(diffId, unpacked)),
      });
      this.#index.addBuiltLayer(diffId, built);
      const image = this.#built(diffId, built);
      onBuilt?.(image);
      return image;
    } catch (error) {
      // A layer that does not unpack is either published so, or was damaged here: only the blob's own digest can tell.
      if (error instanceof EngineError && error.code === 'invalid-layer') await this.#blobs.verify(digest);
      throw error;
    }
  }

  #built(diffId: Digest, { size, opaqueRoot, contentDigest, checksum }: BuiltLayerRecord): Built {
    return { diffId, erofsPath: this.path(diffId), size, opaqueRoot, contentDigest, checksum };
  }

  /** Forgets and removes an image that was built; it is built again when it is asked for. */
  async drop(diffId: Digest): Promise<void> {
    this.#index.removeBuiltLayer(diffId);
    await rm(this.path(diffId), { force: true });
  }

  async #discard(name: string, diffId: Digest): Promise<number> {
    const path = join(this.#folder, name);
    const trash = partName(path);
    this.#index.removeBuiltLayer(diffId);
    if (!movedAway(path, trash)) return 0;
    const freed = await allocatedBytes(trash);
    await rm(trash, { force: true });
    return freed;
  }
}

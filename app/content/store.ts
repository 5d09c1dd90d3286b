/**
 * The content store: images as data on the host, with no engine running. A folder with
 *
 *     blobs/sha256/HEX    documents and layers as they were published
 *     erofs/HEX.erofs     layers ready to be mounted, by diffID
 *     ingest/             what is on its way in or out
 *     index.db            which images there are and what they are called
 *
 * A change is: files first, each complete and by rename; then one transaction. What a crash leaves is content that no
 * record mentions: {@link ContentStore.cleanUp} keeps what a pull can use, {@link ContentStore.collectGarbage} removes it.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../base/error.ts';
import { BlobStore } from './blobs.ts';
import type { Digest } from './digest.ts';
import { ImageIndex } from './image-index.ts';
import type { ImageRecord } from './image-index.ts';
import { blobsOf } from './image-index.ts';
import { checkStore } from './check.ts';
import type { CheckOptions, StoreCheck } from './check.ts';
import type { Intake, Known, Lent, NamedContent } from './exchange.ts';
import { lentImages } from './exchange.ts';
import { findImages, pickPlatform } from './find-image.ts';
import type { Found } from './find-image.ts';
import type { LayerImage, LayerOptions } from './layer-store.ts';
import { LayerStore } from './layer-store.ts';
import { Leftovers } from './leftovers.ts';
import type { LoadOptions } from './load.ts';
import { readNamedImages } from './load.ts';
import type { NameFacts } from './manifests.ts';
import { manifestsOf } from './manifests.ts';
import type { ImageDraft } from './new-image.ts';
import { storeDocuments, storeLayer } from './new-image.ts';
import type { OciImageConfig, Platform } from './oci.ts';
import { decodeConfig } from './oci.ts';
import { formatReference, parseReference } from './reference.ts';
import { planRemoval } from './removal.ts';
import type { Removal, RemovalRequest, Removed } from './removal.ts';
import { savedBlobs, saveArchive, wantedImages } from './save.ts';
import { storeUse } from './use.ts';
import type { StoreUse } from './use.ts';

export interface LoadedImage extends ImageRecord {
  /** Those of its names that it was given just now. */
  given: string[];
}

/** Opens the store in this folder, or makes it. @throws EngineError `corrupt-content` */
export async function openStore(folder: string): Promise<ContentStore> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const blobs = await BlobStore.open(folder);
  const index = new ImageIndex(join(folder, 'index.db'));
  await blobs.removeAbandoned();
  return new ContentStore(folder, { blobs, index, layers: await LayerStore.open(folder, blobs, index) });
}

export class ContentStore {
  readonly #folder: string;
  readonly #blobs: BlobStore;
  readonly #index: ImageIndex;
  readonly #layers: LayerStore;
  readonly #leftovers: Leftovers;

  constructor(folder: string, { blobs, index, layers }: { blobs: BlobStore; index: ImageIndex; layers: LayerStore }) {
    this.#folder = folder;
    this.#blobs = blobs;
    this.#index = index;
    this.#layers = layers;
    this.#leftovers = new Leftovers(blobs, index);
  }

  close(): void {
    this.#index.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Brings in images, as {@link readNamedImages} reads them.
   * @throws EngineError as that; the store is then as before.
   */
  load(from: string | AsyncIterable<Buffer>, options: LoadOptions = {}): Promise<LoadedImage[]> {
    return this.#leftovers.bringIn(async (pin) => {
      const named = await readNamedImages(from, { blobs: this.#blobs, pin }, options);
      for (const { reference, target, images } of named)
        this.#index.add(images, reference === undefined ? undefined : { reference, target });
      const manifests = [...new Set(named.flatMap(({ images }) => images.map((image) => image.manifestDigest)))];
      return manifests.map((manifest) => ({
        ...this.#index.get(manifest),
        given: named.flatMap(({ reference, images }) =>
          reference !== undefined && images.some((image) => image.manifestDigest === manifest) ? [reference] : [],
        ),
      }));
    });
  }

  /**
   * Makes an image of a base's layers and one more, whose archive is checked by building the layer.
   * @throws EngineError `no-such-image` (the base), `invalid-layer`, `invalid-argument` (the name), `disk-full`, `cancelled`;
   *   the store is then as before.
   */
  async createImage(draft: ImageDraft): Promise<ImageRecord> {
    const reference = draft.reference === undefined ? undefined : formatReference(parseReference(draft.reference));
    return this.#leftovers.bringIn(async (pin) => {
      await this.#keepBase(draft, pin);
      const layer = await storeLayer(this.#blobs, draft, pin);
      await this.#layers.get(layer, { signal: draft.signal });
      const image = await storeDocuments(this.#blobs, draft, [...(draft.base?.layers ?? []), layer], pin);
      const target = image.manifestDigest;
      this.#index.add([image], reference === undefined ? undefined : { reference, target });
      return this.#index.get(target);
    });
  }

  /**
   * Brings in what a full reference stands for elsewhere, beside those of its platforms that are here. Blobs that came
   * are kept when it fails, to be gone on with, unless the disk is full.
   */
  async pull<T extends NamedContent>(reference: string, bring: (into: Intake) => Promise<T>): Promise<T & Known> {
    const lease = this.#leftovers.lease();
    const known = this.#index.targets([reference])[0];
    try {
      const brought = await bring({ blobs: this.#blobs, pin: (digest) => lease.pin(digest), known });
      const { target, images } = brought;
      // Another pull may have brought another platform of the same index meanwhile.
      const before = this.target(reference) === target ? this.#index.named(reference) : [];
      this.#index.add([...before, ...images], { reference, target });
      lease[Symbol.dispose]();
      await this.#leftovers.sweep(lease.pinned);
      return { ...brought, known };
    } catch (error) {
      lease[Symbol.dispose]();
      if (error instanceof EngineError && error.code === 'disk-full') await this.#leftovers.sweep(lease.pinned);
      else await this.#leftovers.shelve(lease.pinned);
      throw error;
    } finally {
      lease[Symbol.dispose]();
    }
  }

  /**
   * Lends the content that a full reference names, or one platform's; none of it is removed meanwhile.
   * @throws EngineError `no-such-image`, `wrong-platform`
   */
  async lend<T>(reference: string, platform: Platform | undefined, work: (lent: Lent) => Promise<T>): Promise<T> {
    const { target, images } = lentImages(this.#index, reference, platform);
    using lease = this.#leftovers.lease();
    for (const digest of [target, ...images.flatMap(blobsOf)]) lease.pin(digest);
    return await work({ blobs: this.#blobs, target, images, namesOf: (digest) => this.#index.namesOf(digest) });
  }

  /**
   * The image of this name (or ID, or its first digits) for a platform.
   * @throws EngineError `no-such-image`, `wrong-platform`, `invalid-argument`
   */
  resolve(reference: string, platform: Platform): ImageRecord {
    return pickPlatform(findImages(this.#index, reference).images, reference, platform);
  }

  /** All images, newest first. */
  list(): ImageRecord[] {
    return this.#index.list();
  }

  /** What the image's maker set: command, environment, user, history. @throws EngineError `corrupt-content` */
  async config(image: ImageRecord): Promise<OciImageConfig> {
    return decodeConfig(await this.#blobs.read(image.configDigest), image.configDigest);
  }

  /**
   * The layers to stack, bottom first, built where that has not been done. Layers that a higher one hides whole are
   * left out.
   * @throws EngineError `invalid-layer`, `corrupt-content`, `disk-full`, `cancelled`
   */
  async layers(image: ImageRecord, options: LayerOptions = {}): Promise<LayerImage[]> {
    const stack = await Promise.all(image.layers.map((layer) => this.#layers.get(layer, options)));
    const lowest = stack.findLastIndex(({ opaqueRoot }) => opaqueRoot);
    return stack.slice(Math.max(0, lowest));
  }

  /** Makes a layer anew whose image turned out to be damaged. @throws EngineError `no-such-image`, and as {@link layers} */
  async rebuildLayer(diffId: Digest): Promise<LayerImage> {
    const layer = this.list()
      .flatMap(({ layers }) => layers)
      .find((one) => one.diffId === diffId);
    if (!layer) throw new EngineError('no-such-image', `No image has the layer ${diffId} any more.`);
    await this.#layers.drop(diffId);
    return await this.#layers.get(layer);
  }

  /** Gives an image one more name; a name that is in use is taken away from its image. */
  tag(reference: string, newReference: string): void {
    const to = parseReference(newReference);
    if (to.digest !== undefined)
      throw new EngineError('invalid-argument', `${newReference} has a digest: an image can't be tagged with one.`, {
        hint: 'Use a name and a tag, such as app:1.',
      });
    const { name, images } = findImages(this.#index, reference);
    if (name !== undefined) this.#index.copyName(name, formatReference(to));
    else this.#index.add(images, { reference: formatReference(to), target: images[0].manifestDigest });
  }

  /** What a name or an ID means. @throws EngineError `no-such-image`, `invalid-argument` */
  find(reference: string): Found {
    return findImages(this.#index, reference);
  }

  /** The digest that a full reference was given to: an index's, or a manifest's. */
  target(reference: string): Digest | undefined {
    return this.#index.targets([reference])[0];
  }

  /** What lies behind a name or an ID: several where one name has several platforms. @throws EngineError `no-such-image` */
  manifests(reference: string): Promise<NameFacts> {
    return manifestsOf({ blobs: this.#blobs, index: this.#index }, this.find(reference));
  }

  /** The images that a full reference names: several where it holds several platforms. */
  named(reference: string): ImageRecord[] {
    return this.#index.named(reference);
  }

  /** Takes a name away, and the image with its last name. @throws EngineError `no-such-image`, `in-use` */
  async remove(reference: string, request: RemovalRequest = {}): Promise<Removed> {
    return this.forget(planRemoval(reference, this.find(reference), request));
  }

  /** Takes these names away, and forgets those of the images that no name holds then. */
  async forget({ names, images, leaving = [] }: Removal): Promise<Removed> {
    const candidates = new Set<Digest>([...this.#index.targets(names), ...images.flatMap(blobsOf)]);
    const deleted = this.#index.remove(
      names,
      images.map((image) => image.manifestDigest),
      leaving,
    );
    const freed = (await this.#leftovers.sweep(candidates)) + (deleted.length > 0 ? await this.#layers.sweep() : 0);
    this.#index.refill();
    return { untagged: [...names], deleted, freed };
  }

  /** The images as one archive, as {@link saveArchive} writes it. @throws EngineError `no-such-image`, `wrong-platform` at once. */
  save(references: readonly string[], platforms: readonly Platform[] = []): AsyncGenerator<Buffer> {
    const wanted = wantedImages(this.#index, references, platforms);
    return this.#leftovers.keeping(savedBlobs(wanted), saveArchive(this.#blobs, wanted));
  }

  /** DiffIDs of all images' layers. */
  diffIds(): Set<string> {
    return this.#index.diffIds();
  }

  /** @param active config digests of images that are in use */
  use(active: ReadonlySet<string>): Promise<StoreUse> {
    return storeUse(this.#folder, { blobs: this.#blobs, layers: this.#layers, images: this.list() }, active);
  }

  /** Reads everything; what is damaged and can be got again is removed with `repair`. */
  async check(options: CheckOptions): Promise<StoreCheck> {
    if (options.repair) await this.collectGarbage();
    return checkStore({ blobs: this.#blobs, layers: this.#layers, index: this.#index }, options);
  }

  /** @throws EngineError `no-such-image` when it was removed before its layers could be kept */
  async #keepBase({ base }: ImageDraft, pin: (digest: Digest) => void): Promise<void> {
    for (const { digest } of base?.layers ?? []) {
      pin(digest);
      if ((await this.#blobs.size(digest)) === undefined)
        throw new EngineError(
          'no-such-image',
          `The base of the new image was removed meanwhile: ${digest} is missing.`,
          {
            hint: 'Get the base image again, and repeat it.',
          },
        );
    }
  }

  /** Removes content that no record mentions, and what interrupted pulls keep to go on with. Returns the bytes freed. */
  async collectGarbage(): Promise<number> {
    await this.#blobs.removeAbandoned();
    const freed = (await this.#leftovers.sweep()) + (await this.#layers.sweep());
    // Last: a clean-up after a crash, at the same time, may have put some there.
    return freed + (await this.#blobs.removeKept());
  }

  /** After a crash: what no record mentions goes; blobs, which a pull may have got, are kept for the next one. */
  async cleanUp(): Promise<void> {
    await this.#blobs.removeAbandoned();
    await this.#leftovers.shelve();
    await this.#layers.sweep();
  }
}

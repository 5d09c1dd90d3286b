/** Image layers: EROFS files on the data disk, each mounted read-only once and shared by the containers that use it. */
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { EngineError } from '../protocol/errors.ts';
import type { ParamsOf, ResultOf } from '../protocol/method.ts';
import type { layerMethods } from '../protocol/layer.ts';
import type { StreamRegistry } from '../streams/registry.ts';
import type { KernelCalls } from '../effects/effects.ts';
import type { Events } from './events.ts';
import { fileDigest, LayerUpload } from './layer-upload.ts';
import type { Mounts } from './mounts.ts';
import { Mutex } from './mutex.ts';
import { layerFile, layerMount, layerMountsDir, layersDir, shareMount, type Paths } from './paths.ts';
import type { LayerRecord } from './records.ts';
import type { Store } from './store.ts';

type Methods = typeof layerMethods;

export interface LayersDependencies {
  readonly paths: Paths;
  readonly store: Store;
  readonly mounts: Mounts;
  readonly streams: StreamRegistry;
  readonly events: Events;
  /** Ids of the containers that are made of the layer. */
  readonly usersOf: (diffId: string) => string[];
  readonly effects: Pick<KernelCalls, 'copyFile'>;
}

export class Layers {
  readonly #deps: LayersDependencies;
  readonly #present = new Map<string, LayerRecord>();
  /** Mounts and removals of layers: a layer that is sent again is mounted when what was there before is gone. */
  readonly #mutex = new Mutex();
  readonly #uploads = new Map<string, LayerUpload>();

  constructor(deps: LayersDependencies) {
    this.#deps = deps;
  }

  /**
   * Store, folder and mounts are made to agree: a file without a record, or a record without its file, is dropped. What an
   * earlier agent has mounted of such a layer must not be taken for the one that is sent again.
   */
  async recover(): Promise<void> {
    const { paths, store, mounts } = this.#deps;
    mkdirSync(layersDir(paths), { recursive: true });
    const files = new Set(readdirSync(layersDir(paths)));
    for (const record of store.layers()) {
      const file = layerFile(paths, record.diffId);
      if (statSync(file, { throwIfNoEntry: false })?.size === record.sizeBytes) {
        this.#present.set(record.diffId, record);
        files.delete(basename(file));
      } else store.remove('layers', record.diffId);
    }
    for (const name of files) if (name.endsWith('.erofs')) rmSync(join(layersDir(paths), name), { force: true });
    const wanted = new Set([...this.#present.keys()].map((layer) => layerMount(paths, layer)));
    for (const target of mounts.beneath(layerMountsDir(paths))) if (!wanted.has(target)) await mounts.unmount(target);
  }

  missing(layers: readonly string[]): string[] {
    return [...new Set(layers)].filter((layer) => !this.#present.has(layer));
  }

  async put(params: ParamsOf<Methods['put']>): Promise<ResultOf<Methods['put']>> {
    const { layer, sizeBytes, contentDigest } = params;
    if (this.#present.has(layer))
      return { stream: this.#deps.streams.offer((stream) => stream.destroy()), offset: sizeBytes };
    const upload = this.#upload(layer, sizeBytes, contentDigest);
    const offset = await upload.offset();
    const stream = this.#deps.streams.offer((duplex) => {
      const done = (): void => void duplex.end().resume();
      upload.receive(duplex, offset).then(done, () => duplex.destroy());
    });
    return { stream, offset };
  }

  /** Also fine for a layer that is here already. @throws EngineError `no-such-layer`, and as {@link LayerUpload.commit}. */
  async commit(layer: string): Promise<void> {
    if (this.#present.has(layer)) return;
    const upload = this.#uploads.get(layer);
    if (upload === undefined)
      throw new EngineError('no-such-layer', `Nothing of layer ${layer} was sent.`, {
        hint: 'Send it with layer.put first.',
      });
    await upload.commit(layerFile(this.#deps.paths, layer));
    await this.#arrived(upload);
  }

  /** Also fine for a layer that is here already. @throws EngineError as {@link LayerUpload.copy} */
  async copy(params: ParamsOf<Methods['copy']>, signal: AbortSignal): Promise<void> {
    const { layer, sizeBytes, contentDigest, checksum, share } = params;
    if (this.#present.has(layer)) return;
    const { paths, effects } = this.#deps;
    const target = layerFile(paths, layer);
    const path = join(shareMount(paths, share), basename(target));
    const upload = this.#upload(layer, sizeBytes, contentDigest);
    await upload.copy({ path, checksum, copyFile: (copy) => effects.copyFile(copy, signal) }, target);
    await this.#arrived(upload);
  }

  async #arrived({ upload: { layer, sizeBytes, contentDigest } }: LayerUpload): Promise<void> {
    const record: LayerRecord = { diffId: layer, sizeBytes, contentDigest };
    this.#deps.store.saveLayer(record);
    this.#present.set(layer, record);
    this.#uploads.delete(layer);
    await this.#mount(layer);
    this.#deps.events.emit('layer', layer, 'load');
  }

  /** Mounts what is not mounted yet; answers the folders, bottom first. @throws EngineError `no-such-layer` */
  async mountAll(layers: readonly string[]): Promise<string[]> {
    const missing = this.missing(layers);
    if (missing.length > 0)
      throw new EngineError('no-such-layer', `${missing.length} layers of the image are not in the guest.`, {
        hint: 'Pull or load the image again; the host sends its layers before the start.',
        data: { missing },
      });
    for (const layer of layers) await this.#mount(layer);
    return layers.map((layer) => layerMount(this.#deps.paths, layer));
  }

  list(): ResultOf<Methods['list']> {
    const whole = [...this.#present].map(([layer, { sizeBytes }]) => ({
      layer,
      sizeBytes,
      containers: this.#deps.usersOf(layer),
    }));
    const parts = this.#parts().map(({ layer, path }) => ({
      layer,
      sizeBytes: statSync(path, { throwIfNoEntry: false })?.size ?? 0,
      containers: [],
      partial: true,
    }));
    return [...whole, ...parts];
  }

  /** @throws EngineError `no-such-layer` */
  async verify(layer: string): Promise<ResultOf<Methods['verify']>> {
    const record = this.#present.get(layer);
    if (record === undefined) throw new EngineError('no-such-layer', `There is no layer ${layer} in the guest.`);
    try {
      const digest = await fileDigest(layerFile(this.#deps.paths, layer));
      const whole = digest === (record.contentDigest ?? digest);
      return { problem: whole ? '' : `it has the digest ${digest}, not ${record.contentDigest ?? ''}` };
    } catch (error) {
      return { problem: error instanceof Error ? error.message : String(error) };
    }
  }

  async drop(layers: readonly string[]): Promise<ResultOf<Methods['drop']>> {
    const dropped: string[] = [];
    let reclaimedBytes = 0;
    for (const { layer, path } of this.#parts()) {
      if (!layers.includes(layer)) continue;
      this.#uploads.delete(layer);
      rmSync(path, { force: true });
    }
    for (const layer of new Set(layers)) {
      const sizeBytes = await this.#mutex.run(() => this.#dropOne(layer));
      if (sizeBytes === undefined) continue;
      dropped.push(layer);
      reclaimedBytes += sizeBytes;
      this.#deps.events.emit('layer', layer, 'delete');
    }
    return { dropped, reclaimedBytes };
  }

  /** Its size; undefined when it is not there or in use. Record and file go in one turn: it may be sent again at once. */
  async #dropOne(layer: string): Promise<number | undefined> {
    const { paths, store, mounts, usersOf } = this.#deps;
    const record = this.#present.get(layer);
    if (record === undefined || usersOf(layer).length > 0) return undefined;
    // Forgotten first: a crash from here on leaves a file without a record, which the next start drops.
    store.remove('layers', layer);
    this.#present.delete(layer);
    rmSync(layerFile(paths, layer), { force: true });
    await mounts.unmount(layerMount(paths, layer));
    return record.sizeBytes;
  }

  /** What transfers have left that did not come to their end. */
  #parts(): { layer: string; path: string }[] {
    const folder = layersDir(this.#deps.paths);
    return readdirSync(folder).flatMap((name) => {
      const hex = /^([0-9a-f]{64})\.erofs\..*\.part$/.exec(name)?.[1];
      return hex === undefined ? [] : [{ layer: `sha256:${hex}`, path: join(folder, name) }];
    });
  }

  #upload(layer: string, sizeBytes: number, contentDigest: string): LayerUpload {
    const known = this.#uploads.get(layer);
    if (known?.upload.contentDigest === contentDigest && known.upload.sizeBytes === sizeBytes) return known;
    const { paths } = this.#deps;
    // The part's name has the content's digest: what was begun with other content is never gone on with.
    const part = `${layerFile(paths, layer)}.${contentDigest.slice(-16)}.part`;
    const stem = `${basename(layerFile(paths, layer))}.`;
    for (const name of readdirSync(layersDir(paths)))
      if (name.startsWith(stem) && name !== basename(part)) rmSync(join(layersDir(paths), name), { force: true });
    const upload = new LayerUpload({ layer, sizeBytes, contentDigest, part });
    this.#uploads.set(layer, upload);
    return upload;
  }

  async #mount(layer: string): Promise<void> {
    const { paths, mounts } = this.#deps;
    const target = layerMount(paths, layer);
    if (!mounts.has(target)) await this.#mutex.run(() => mounts.mountLayer(layerFile(paths, layer), target));
  }
}

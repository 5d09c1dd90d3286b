import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress } from 'node:zlib';
import pLimit from 'p-limit';
import { layerMethods } from '../../guest-agent/protocol/index.ts';
import { withDeadline } from '../base/deadline.ts';
import { EngineError } from '../base/error.ts';
import type { Log } from '../base/log.ts';
import type { ErrorCode } from '../../guest-agent/protocol/index.ts';
import type { Guest } from '../guest/guest.ts';
import type { LayerFile } from './layer-file.ts';
import type { LayerShare } from './layer-share.ts';

export interface LayerProgress {
  (layer: string, doneBytes: number, totalBytes: number): void;
}

export interface LayerWays {
  /** Tried first. */
  readonly share: Pick<LayerShare, 'usable' | 'copy'>;
  /** Makes the file of a layer anew. */
  readonly rebuild: (diffId: string) => Promise<LayerFile>;
  readonly onProgress: LayerProgress;
  readonly log: Log;
}

/** More at a time only share the guest's processors and disk. */
const TRANSFERS_AT_A_TIME = 3;
/** Broken transfers go on where they ended; this many times. */
const attempts = 3;
const noLimit = 2 ** 31 - 1;
/** What the other way would only say again. */
const decided: ReadonlySet<ErrorCode> = new Set(['disk-full', 'corrupt-content', 'unreachable']);
const never = new AbortController().signal;

/** Brings the layers of images into one guest, each once, however many containers ask for it at the same time. */
export class ImageLayers {
  readonly #guest: Guest;
  readonly #ways: LayerWays;
  readonly #slots = pLimit(TRANSFERS_AT_A_TIME);
  readonly #running = new Map<string, Promise<void>>();
  readonly #held = new Set<readonly string[]>();
  /** What the guest has, as far as it was asked since the agent's start. */
  readonly #present = new Set<string>();
  #dropping: Promise<unknown> = Promise.resolve();

  constructor(guest: Guest, ways: LayerWays) {
    this.#guest = guest;
    this.#ways = ways;
    guest.onStatus(({ kind }) => {
      if (kind === 'connected') this.#present.clear();
    });
  }

  /** For a layer of a stack whose others are not made yet; whoever ensures them all is told of a failure. */
  bringSoon(file: LayerFile): void {
    this.ensure([file], never).catch(() => undefined);
  }

  /** A caller that leaves does not end a transfer that others may wait for. */
  async ensure(files: readonly LayerFile[], signal: AbortSignal): Promise<void> {
    const layers = [...new Set(files.map(({ diffId }) => diffId))];
    await this.#dropping;
    if (layers.every((layer) => this.#present.has(layer))) return;
    const { missing } = await this.#guest.call(layerMethods.missing, { layers }, { signal, repeat: true });
    const wanted = files.filter(({ diffId }) => missing.includes(diffId));
    const all = Promise.all(wanted.map((file) => this.#shared(file)));
    await withDeadline('Bringing the image into the guest', noLimit, () => all, signal);
    for (const layer of layers) this.#present.add(layer);
  }

  /** Keeps layers in the guest that no container has yet. */
  hold(files: readonly LayerFile[]): Disposable {
    const layers = files.map(({ diffId }) => diffId);
    this.#held.add(layers);
    return { [Symbol.dispose]: () => this.#held.delete(layers) };
  }

  /** The guest drops what none of its containers and none of these needs. */
  async dropUnused(needed: ReadonlySet<string>): Promise<void> {
    const listed = await this.#guest.call(layerMethods.list, {}, { repeat: true });
    const held = new Set([...needed, ...this.#running.keys(), ...[...this.#held].flat()]);
    const layers = listed.filter(({ layer, containers }) => containers.length === 0 && !held.has(layer));
    if (layers.length > 0) await this.drop(layers.map(({ layer }) => layer));
  }

  /** Who asks for them meanwhile waits. */
  async drop(layers: readonly string[]): Promise<void> {
    for (const layer of layers) this.#present.delete(layer);
    const dropped = this.#guest.call(layerMethods.drop, { layers: [...layers] });
    this.#dropping = Promise.allSettled([this.#dropping, dropped]);
    await dropped;
  }

  #shared(file: LayerFile): Promise<void> {
    const running = this.#running.get(file.diffId);
    if (running !== undefined) return running;
    const begun = this.#slots(() => this.#bring(file)).finally(() => this.#running.delete(file.diffId));
    this.#running.set(file.diffId, begun);
    return begun;
  }

  async #bring(wanted: LayerFile): Promise<void> {
    let [file, room, rebuilt] = [wanted, false, false];
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#transfer(file);
        return;
      } catch (error) {
        if (attempt === attempts) throw error;
        if (!rebuilt && error instanceof EngineError && error.code === 'corrupt-content') {
          this.#ways.log.warn({ err: error, layer: file.diffId }, 'the file of a layer is damaged; it is made anew');
          rebuilt = true;
          file = await this.#ways.rebuild(file.diffId).catch((failure: unknown) => {
            // Where there is nothing to make it of, what is wrong with it says more.
            throw failure instanceof EngineError && failure.code === 'no-such-image' ? error : failure;
          });
        }
        if (!(error instanceof EngineError && error.code === 'disk-full')) continue;
        if (room) throw error;
        // Layers that no container uses can be sent again when they are asked for.
        await this.dropUnused(new Set());
        room = true;
      }
    }
  }

  async #transfer(file: LayerFile): Promise<void> {
    const { share, onProgress, log } = this.#ways;
    if (share.usable)
      try {
        await share.copy(this.#guest, file);
        onProgress(file.diffId, file.sizeBytes, file.sizeBytes);
        return;
      } catch (error) {
        if (error instanceof EngineError && decided.has(error.code)) throw error;
        log.warn({ err: error, layer: file.diffId }, 'a layer was not copied from its share; it is streamed');
      }
    await this.#stream(file);
  }

  async #stream({ diffId: layer, path, sizeBytes, contentDigest }: LayerFile): Promise<void> {
    const { stream, offset } = await this.#guest.call(layerMethods.put, { layer, sizeBytes, contentDigest });
    const target = await this.#guest.openStream(stream);
    target.resume();
    let done = offset;
    const source = createReadStream(path, { start: offset, highWaterMark: 256 * 1024 });
    source.on('data', (chunk) => this.#ways.onProgress(layer, (done += chunk.length), sizeBytes));
    await pipeline(source, createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 1 } }), target);
    await this.#guest.call(layerMethods.commit, { layer });
    target.destroy();
  }
}

/**
 * The fast way of layers into a guest, where the host can share folders: a read-only share in which a layer has a second
 * name while the guest copies it. The guest sees no other file of the host's by it, neither the layer store nor parts.
 */
import { link, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { layerMethods } from '../../guest-agent/protocol/index.ts';
import { EngineError } from '../base/error.ts';
import type { Log } from '../base/log.ts';
import type { Guest } from '../guest/guest.ts';
import type { ShareDevice, ShareDriver } from '../shares/share-driver.ts';
import type { LayerFile } from './layer-file.ts';
import { ShareSet } from './share-set.ts';

export class LayerShare implements AsyncDisposable {
  readonly #folder: string;
  readonly #set: ShareSet;
  readonly #lost = new AbortController();

  private constructor(folder: string, set: ShareSet) {
    this.#folder = folder;
    this.#set = set;
  }

  /** Without it layers take the other way, so that it cannot be served is only noted. */
  static async start(
    folder: string,
    driver: ShareDriver | undefined,
    { log, signal }: { readonly log: Log; readonly signal: AbortSignal },
  ): Promise<LayerShare> {
    const serving = { driver, missing: 'this host shares no folders.', tagged: 'layers' };
    const set = await ShareSet.start([{ path: folder, readOnly: true }], serving, signal);
    for (const { reason } of set.unshared) log.info({ reason }, 'layers are streamed into the guest');
    return new LayerShare(folder, set);
  }

  get devices(): ShareDevice[] {
    return this.#set.devices;
  }

  /** Whether it can be tried. */
  get usable(): boolean {
    return this.#set.shares.length > 0 && !this.#lost.signal.aborted;
  }

  serveAgain(signal: AbortSignal): Promise<void> {
    return this.#set.serveAgain(signal);
  }

  /** To be called once the machine runs. Copies that wait for a server that has ended would wait for ever. */
  watch(): void {
    this.#set.onLost((message) => this.#lost.abort(new EngineError('not-shared', message)));
  }

  /** @throws EngineError as `layer.copy`, `not-shared`; system errors where the layer cannot have another name */
  async copy(guest: Guest, { diffId: layer, path, sizeBytes, contentDigest, checksum }: LayerFile): Promise<void> {
    const share = this.#set.shares[0]?.tag;
    if (share === undefined) throw new EngineError('not-shared', 'The share of layers is not served.');
    const offered = join(this.#folder, `${layer.replace(/^.*:/, '')}.erofs`);
    await rm(offered, { force: true });
    await link(path, offered);
    try {
      const { signal } = this.#lost;
      await this.#set.mount(guest, signal);
      await guest.call(layerMethods.copy, { layer, sizeBytes, contentDigest, checksum, share }, { signal });
    } finally {
      await rm(offered, { force: true });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#set[Symbol.asyncDispose]();
  }
}

import { realpath } from 'node:fs/promises';
import { shareMethods } from '../../guest-agent/protocol/index.ts';
import { asError } from '../base/deadline.ts';
import { EngineError } from '../base/error.ts';
import type { Guest } from '../guest/guest.ts';
import type { Share, ShareDevice, ShareDriver, ShareServer } from '../shares/share-driver.ts';
import type { SharedFolder } from './engine-drivers.ts';

/** A folder of the settings that the machine does not have. */
export interface UnsharedFolder {
  readonly path: string;
  /** Whole sentences: why, and what to do. */
  readonly reason: string;
}

interface Parts {
  readonly driver?: ShareDriver;
  readonly shares: readonly Share[];
  readonly unshared: readonly UnsharedFolder[];
  readonly warnings: readonly string[];
  readonly servers: ShareServer[];
}

/** Who serves them; `missing` says why nobody does. */
export interface ShareServing {
  readonly driver: ShareDriver | undefined;
  readonly missing: string;
  /** Begins the tags: of folders of the settings `fs`, if it is not said. */
  readonly tagged?: string;
}

/** The shared folders of one boot: served, given to the VM as devices, mounted in the guest. */
export class ShareSet implements AsyncDisposable {
  #shares: readonly Share[];
  #unshared: readonly UnsharedFolder[];
  /** At the start: folders that could not be shared, and what is amiss with those that are. */
  readonly warnings: readonly string[];
  readonly #driver: ShareDriver | undefined;
  #servers: ShareServer[];

  private constructor(parts: Parts) {
    this.#shares = parts.shares;
    this.#unshared = parts.unshared;
    this.warnings = parts.warnings;
    this.#driver = parts.driver;
    this.#servers = parts.servers;
  }

  /** A folder that is not there (an unplugged disk) is left out with a warning: the machine starts without it. */
  static async start(
    folders: readonly SharedFolder[],
    { driver, missing, tagged = 'fs' }: ShareServing,
    signal: AbortSignal,
  ): Promise<ShareSet> {
    if (driver === undefined) return ShareSet.#without(folders, missing);
    const unshared: UnsharedFolder[] = [];
    const shares: Share[] = [];
    const servers: ShareServer[] = [];
    for (const [index, { path, readOnly }] of folders.entries()) {
      try {
        const share: Share = { tag: `${tagged}${index}`, hostPath: await realpath(path), readOnly };
        const server = await driver.start?.(share, signal);
        if (server !== undefined) servers.push(server);
        shares.push(share);
      } catch (error) {
        signal.throwIfAborted();
        unshared.push({ path, reason: reasonOf(error) });
      }
    }
    const warnings = [
      ...unshared.map(({ path, reason }) => `${path} is not shared: ${reason}`),
      ...servers.flatMap(({ warning }) => warning ?? []),
    ];
    return new ShareSet({ driver, shares, unshared, warnings, servers });
  }

  static #without(folders: readonly SharedFolder[], reason: string): ShareSet {
    const unshared = folders.map(({ path }) => ({ path, reason }));
    const warnings = unshared.length === 0 ? [] : [`No folder is shared: ${reason}`];
    return new ShareSet({ shares: [], unshared, warnings, servers: [] });
  }

  /** Those that are served. */
  get shares(): readonly Share[] {
    return this.#shares;
  }

  /** Those that were wanted and could not be shared, or whose server has ended. */
  get unshared(): readonly UnsharedFolder[] {
    return this.#unshared;
  }

  /** Starts the servers anew: each of them serves one VM and ends with it. */
  async serveAgain(signal: AbortSignal): Promise<void> {
    await this[Symbol.asyncDispose]();
    this.#servers = [];
    for (const share of this.shares) {
      const server = await this.#driver?.start?.(share, signal);
      if (server !== undefined) this.#servers.push(server);
    }
  }

  get devices(): ShareDevice[] {
    return this.shares.flatMap((share) => this.#driver?.device(share) ?? []);
  }

  /** To be called again when the agent has restarted; harmless where all is mounted. */
  async mount(guest: Guest, signal?: AbortSignal): Promise<void> {
    for (const share of this.shares) {
      const mount = this.#driver?.guestMount(share);
      if (mount === undefined) continue;
      await guest.call(
        shareMethods.mount,
        { tag: share.tag, mount, readOnly: share.readOnly },
        { signal, repeat: true },
      );
    }
  }

  /** Tells once per share whose server ends by itself; the share is none of `shares` from then on. */
  onLost(listener: (message: string) => void): void {
    const served = this.#shares;
    for (const [index, server] of this.#servers.entries())
      void server.exited.then(({ error }) => {
        const path = served[index]?.hostPath;
        if (error === undefined || path === undefined) return;
        const reason = reasonOf(error);
        this.#shares = this.#shares.filter(({ hostPath }) => hostPath !== path);
        this.#unshared = [...this.#unshared, { path, reason }];
        listener(`${path} is not shared any more: ${reason}`);
      });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#servers.map((server) => server.stop()));
  }
}

function reasonOf(error: unknown): string {
  const { message } = asError(error);
  return error instanceof EngineError && error.hint !== undefined ? `${message} ${error.hint}` : message;
}

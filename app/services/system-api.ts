import { EngineError } from '../base/error.ts';
import type { Log } from '../base/log.ts';
import { containerMethods, guestMethods, volumeMethods } from '../../guest-agent/protocol/index.ts';
import { familiarReference, parseReference } from '../content/reference.ts';
import type { ImageUser } from '../content/removal.ts';
import type { ContentStore } from '../content/store.ts';
import type { HostApi } from '../contract/index.ts';
import type { Guest } from '../guest/guest.ts';
import type { Machine } from './machine-services.ts';
import { prunedImages } from './prune-images.ts';
import { checkSystem } from './system-check.ts';

export interface SystemOptions {
  readonly content: ContentStore;
  /** The connection's. */
  readonly machine: Machine;
  readonly machines: () => Iterable<Machine>;
  readonly users: () => Promise<ReadonlyMap<string, readonly ImageUser[]>>;
  /** Blocks that a machine's disk takes on the host. */
  readonly diskBytes: (machine: string) => Promise<number>;
  /** After images went. */
  readonly removed: () => Promise<void>;
  readonly log: Log;
}

type System = HostApi<AbortSignal>['system'];
type PruneRequest = Parameters<System['prune']>[0];

const never = new AbortController().signal;

export function systemApi(options: SystemOptions): System {
  const { content, machines, users } = options;
  return {
    use: async () => content.use(new Set((await users()).keys())),
    check: ({ repair }, signal = never) => checkSystem(content, machines(), { repair, signal }),
    prune: (request, signal) => prune(options, request, signal),
  };
}

async function prune(options: SystemOptions, request: PruneRequest, signal?: AbortSignal) {
  const { content, machine } = options;
  const inGuest = request.containers || request.volumes !== 'none';
  const guest = inGuest ? (await machine.running(signal)).guest : undefined;
  // Images that go may take layers from every guest.
  const awake = [...options.machines()].filter(({ usable }) => usable !== undefined);
  const before = await diskUse(options, awake);
  const containers = guest && request.containers ? (await guest.call(containerMethods.prune, {})).ids : [];
  const volumes = guest ? await pruneVolumes(guest, request.volumes) : [];
  const used = new Set((await options.users()).keys());
  const images = await prunedImages(content, request, used);
  const names = [...new Set(images.flatMap(({ references }) => references))];
  const { untagged, deleted, freed } = await content.forget({ names, images });
  const garbage = request.images === 'none' ? 0 : await content.collectGarbage();
  await options.removed();
  await Promise.all(awake.map((one) => trimmed(one, options.log)));
  const returned = before - (await diskUse(options, awake));
  return {
    ...{ containers, volumes, deleted },
    untagged: untagged.map((name) => familiarReference(parseReference(name))),
    reclaimedBytes: freed + garbage + Math.max(returned, 0),
  };
}

async function diskUse({ diskBytes }: SystemOptions, machines: readonly Machine[]): Promise<number> {
  const each = await Promise.all(machines.map(({ name }) => diskBytes(name)));
  return each.reduce((sum, bytes) => sum + bytes, 0);
}

/** What was removed is gone all the same when the blocks stay with the guest; the figure tells. */
async function trimmed({ usable }: Machine, log: Log): Promise<void> {
  try {
    await usable?.guest.call(guestMethods.trim, {}, { repeat: true });
  } catch (error) {
    log.warn({ err: error }, 'the guest kept blocks that nothing uses');
  }
}

/** @returns names of those that are gone; one that came into use meanwhile stays. */
async function pruneVolumes(guest: Guest, which: PruneRequest['volumes']): Promise<string[]> {
  if (which === 'none') return [];
  const removed: string[] = [];
  for (const { name, anonymous, containers } of await guest.call(volumeMethods.list, {}, { repeat: true })) {
    if (containers.length > 0 || (which === 'anonymous' && !anonymous)) continue;
    try {
      await guest.call(volumeMethods.remove, { name, force: false });
      removed.push(name);
    } catch (error) {
      if (!(error instanceof EngineError && error.code === 'in-use')) throw error;
    }
  }
  return removed;
}

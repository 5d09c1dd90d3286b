import { rm } from 'node:fs/promises';
import { allocatedBytes } from '../base/disk-use.ts';
import { EngineError } from '../base/error.ts';
import { dataDiskBytes } from '../machine/disk-images.ts';
import { defaultSettings, machineSize } from '../machine/machine-spec.ts';
import type { HostCapacity } from '../machine/machine-spec.ts';
import type { MachineFolder, MachineStore } from '../machine/machine-store.ts';
import type { MachineRegistry } from '../services/machine-settings.ts';

/**
 * The machines on disk; settings are refused that this host could not boot.
 * @param foldersOf what else goes with a machine: its logs, what it had at run time
 */
export function machineRegistry(
  store: MachineStore,
  capacity: HostCapacity,
  foldersOf: (name: string) => readonly string[],
): MachineRegistry {
  const defaults = defaultSettings(capacity);
  const settings = (name: string) => store.open(name, defaults);
  return {
    list: () => store.list(),
    settings,
    change: async (name, change) => {
      machineSize({ ...(await settings(name)), ...change }, capacity);
      if (change.diskBytes !== undefined) await refuseToShrink(store.folder(name), change.diskBytes);
      await store.change(name, change);
      return settings(name);
    },
    remove: async (name) => {
      await store.remove(name);
      for (const folder of foldersOf(name)) await rm(folder, { recursive: true, force: true });
    },
    hostBytes: (name) => allocatedBytes(store.folder(name).dataDisk).catch(() => 0),
  };
}

async function refuseToShrink({ name, dataDisk }: MachineFolder, wanted: number): Promise<void> {
  const present = await dataDiskBytes(dataDisk);
  if (wanted >= present) return;
  const mib = (bytes: number) => `${Math.floor(bytes / 2 ** 20)} MiB`;
  throw new EngineError(
    'invalid-argument',
    `The disk of the machine ${name} has ${mib(present)}; it cannot be made ${mib(wanted)}.`,
    { hint: `It may only grow: "berth machine rm ${name}" removes it with what is in it.` },
  );
}

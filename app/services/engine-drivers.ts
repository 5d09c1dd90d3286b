/** What the engine needs of its surroundings; the composition root fills it in with concrete drivers. */
import type { LookUp } from '../guest/guest.ts';
import type { Backend, Vm } from '../machine/machine.ts';
import type { MachineSpec } from '../machine/machine-spec.ts';
import type { ShareDriver } from '../shares/share-driver.ts';
import type { GuestShell, Transport } from '../transport/transport.ts';

export interface EngineDrivers {
  readonly backend: Backend;
  /** Absent where this host cannot share folders; `sharesMissing` says why. */
  readonly shares?: ShareDriver;
  readonly sharesMissing?: string;
  /** For names that the guest does not know. */
  readonly lookUp: LookUp;
  /**
   * Makes the machine's files ready and takes its lock.
   * @throws EngineError `in-use` when another process runs the machine, or what is wrong with its files.
   */
  prepare(signal: AbortSignal): Promise<PreparedMachine>;
}

/** A machine that may be booted; disposing it gives the lock back. */
export interface PreparedMachine extends AsyncDisposable {
  readonly spec: Omit<MachineSpec, 'shares'>;
  readonly sharedFolders: readonly SharedFolder[];
  /** A folder for image layers on their way into the guest, on the file system of the layer store. */
  readonly layerFolder: string;
  connect(vm: Vm, signal: AbortSignal): Promise<MachineTransport>;
  /** Called once the guest has its file system on the data disk, which is never formatted from then on. */
  dataDiskUsed?(): Promise<void>;
}

export type MachineTransport = Transport & Partial<GuestShell>;

export interface SharedFolder {
  readonly path: string;
  readonly readOnly: boolean;
}

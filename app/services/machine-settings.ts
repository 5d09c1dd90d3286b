/** Settings of machines as the services see them; kept by `app/machine`. */
import type { MachineSettings } from '../contract/index.ts';

export interface MachineRegistry {
  list(): Promise<string[]>;
  /** Made with the defaults when it is new. @throws EngineError `invalid-argument` for an impossible name */
  settings(name: string): Promise<MachineSettings>;
  /** @throws EngineError `invalid-argument`, `no-memory` for settings that this host could not boot, or a smaller disk */
  change(name: string, change: Partial<MachineSettings>): Promise<MachineSettings>;
  /** Disk, keys and settings go. @throws EngineError `no-such-machine` */
  remove(name: string): Promise<void>;
  /** What its files truly take on the host. */
  hostBytes(name: string): Promise<number>;
}

/** A machine that runs: what exists between the end of a start and the stop or the crash. */
import type { Guest } from '../guest/guest.ts';
import type { Vm } from '../machine/machine.ts';
import type { MachineTransport } from './engine-drivers.ts';
import type { LayerShare } from './layer-share.ts';
import type { ShareSet } from './share-set.ts';

export interface Session extends AsyncDisposable {
  readonly vm: Vm;
  readonly guest: Guest;
  readonly shares: ShareSet;
  readonly layerShare: LayerShare;
  readonly bootMs: number;
  readonly warnings: readonly string[];
  /** The transport of the present connection. */
  transport(): MachineTransport;
}

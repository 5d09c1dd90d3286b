import { Listeners } from '../base/disposable.ts';
import { EngineError } from '../base/error.ts';
import type { HostOs } from '../base/platform.ts';
import type { Log } from '../base/log.ts';
import type { ChangedEvent } from '../../guest-agent/protocol/index.ts';
import type { Guest } from '../guest/guest.ts';
import type { HostForwards } from '../machine/machine.ts';
import { Engine } from './engine.ts';
import type { EngineDrivers } from './engine-drivers.ts';
import { carryEngineSocket } from './engine-socket.ts';
import { ImageLayers } from './image-layers.ts';
import type { LayerProgress, LayerWays } from './image-layers.ts';
import type { Parts } from './parts.ts';
import type { PortForwards } from './port-forwards.ts';
import { PublishedPorts } from './published-ports.ts';
import type { Session } from './session.ts';

export interface MachineOptions {
  readonly name: string;
  readonly hostOs: HostOs;
  readonly hostVersion: string;
  readonly drivers: EngineDrivers;
  /** Path of its Docker socket. */
  readonly dockerSocket: string;
  readonly forwards: (guest: Guest, hypervisor: HostForwards | undefined) => PortForwards;
  readonly onProgress: LayerProgress;
  readonly rebuildLayer: LayerWays['rebuild'];
  /** DiffIDs of the layers that images on the host have. */
  readonly neededLayers: () => ReadonlySet<string>;
  readonly log: Log;
}

/** One machine in the host service: its engine, and what is made anew for each of its sessions. */
export class Machine {
  readonly name: string;
  readonly engine: Engine;
  readonly #options: MachineOptions;
  readonly #changed = new Listeners<ChangedEvent>();
  #parts: Parts | undefined;
  #tidying: NodeJS.Timeout | undefined;

  constructor(options: MachineOptions) {
    this.name = options.name;
    this.#options = options;
    const { name, drivers, hostVersion, log } = options;
    this.engine = new Engine({ machine: name, drivers, hostVersion, log });
    this.engine.onSession((session) => this.#begin(session));
  }

  readonly running = async (signal?: AbortSignal): Promise<Parts> => {
    const session = await this.engine.session(signal);
    if (this.#parts?.session !== session) throw new Error('a session has no parts');
    const failure = session.guest.hello.dataDiskFailure;
    if (failure !== undefined) throw dataDiskUnusable(this.name, failure);
    return this.#parts;
  };

  /** What there is to work with at this moment; undefined where nothing runs, or stands still, or the data disk is unusable. */
  get usable(): Parts | undefined {
    const parts = this.#parts;
    const runs = parts !== undefined && this.engine.running === parts.session && !this.engine.suspended;
    return runs && parts.guest.hello.dataDiskFailure === undefined ? parts : undefined;
  }

  /** The guest drops layers that neither its containers nor images on the host need. */
  async dropUnusedLayers(): Promise<void> {
    await this.usable?.layers.dropUnused(this.#options.neededLayers());
  }

  get hostOs(): HostOs {
    return this.#options.hostOs;
  }

  onChanged(listener: (event: ChangedEvent) => void): Disposable {
    return this.#changed.add(listener);
  }

  #tidySoon(): void {
    this.#tidying ??= setTimeout(() => {
      this.#tidying = undefined;
      this.#tidy();
    }, tidyAfter).unref();
  }

  #tidy(): void {
    this.dropUnusedLayers().catch((error: unknown) => {
      this.#options.log.warn({ err: error }, 'layers that nobody needs were not dropped');
    });
  }

  #begin(session: Session): void {
    const { forwards, onProgress, rebuildLayer: rebuild, dockerSocket, log } = this.#options;
    const { guest, vm } = session;
    const ports = new PublishedPorts(guest, forwards(guest, vm.hostForwards), log);
    const layers = new ImageLayers(guest, { share: session.layerShare, rebuild, onProgress, log });
    this.#parts = { session, guest, layers, ports };
    guest.onChanged((event) => {
      this.#changed.emit(event);
      if (event.kind === 'container' && event.action === 'destroy') this.#tidySoon();
    });
    carryEngineSocket(guest, dockerSocket, log);
    this.#tidy();
    void vm.exited
      .then(() => ports[Symbol.asyncDispose]())
      .catch((error: unknown) => {
        log.warn({ err: error }, 'published ports were not released cleanly');
      });
  }
}

/** How long after a container went its layers are looked at, in milliseconds: others may go with it. */
const tidyAfter = 1000;

/** Found at boot or at the agent's start; a shell in the guest ("berth ssh") works all the same. */
function dataDiskUnusable(machine: string, failure: string): EngineError {
  return new EngineError('data-disk-corrupt', `The data disk of the machine ${machine} cannot be used: ${failure}.`, {
    hint: `Nothing was changed on it; "berth machine rm ${machine}" gives it up with its containers and volumes (images stay), and the next start makes a new one.`,
  });
}

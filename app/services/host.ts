/** The host service: every machine of one user, behind one API per machine. */
import { Listeners } from '../base/disposable.ts';
import type { Log } from '../base/log.ts';
import type { HostOs } from '../base/platform.ts';
import type { Digest } from '../content/digest.ts';
import type { ContentStore } from '../content/store.ts';
import type { DoctorCheck, HostEvent } from '../contract/index.ts';
import type { Api, HostService } from '../control/host-service.ts';
import { containersApi, execsApi, guestApi, networksApi, volumesApi } from './containers.ts';
import { contentServices } from './content-services.ts';
import type { ContentServices } from './content-services.ts';
import { engineApi } from './engine-api.ts';
import type { EngineDrivers } from './engine-drivers.ts';
import { explainApi } from './explain/explain-api.ts';
import type { PortHolder } from './explain/port-facts.ts';
import { guestCalls } from './guest-calls.ts';
import { tellingOfImages } from './image-events.ts';
import { layerFile } from './images.ts';
import { imagesApi } from './images-api.ts';
import type { ImageSource } from './image-source.ts';
import { Machine } from './machine-services.ts';
import type { MachineOptions } from './machine-services.ts';
import type { MachineRegistry } from './machine-settings.ts';
import { machinesApi } from './machines-api.ts';
import type { RegistrySource } from './registry-source.ts';
import { StreamTokens } from './stream-tokens.ts';

export interface HostOptions {
  readonly version: string;
  readonly hostOs: HostOs;
  readonly log: Log;
  readonly registry: MachineRegistry;
  readonly images: ImageSource;
  readonly content: ContentStore;
  /** Of this host's containers, `os/arch`. */
  readonly platform: string;
  readonly registries: RegistrySource;
  readonly drivers: (machine: string) => EngineDrivers;
  /** Path of a machine's Docker socket. */
  readonly dockerSocket: (machine: string) => string;
  readonly forwards: MachineOptions['forwards'];
  readonly beforeStart: (signal?: AbortSignal) => Promise<void>;
  readonly doctor: (machine: Machine, retryAccelerators: boolean) => Promise<DoctorCheck[]>;
  readonly lastConsole: (machine: string, lines: number) => Promise<string>;
  readonly portHolder: PortHolder;
}

export class Host implements HostService {
  readonly version: string;
  readonly #options: HostOptions;
  readonly #machines = new Map<string, Machine>();
  readonly #tokens = new StreamTokens();
  readonly #events = new Listeners<HostEvent>();
  readonly #content: ContentServices;

  constructor(options: HostOptions) {
    this.version = options.version;
    this.#options = options;
    const { content, platform, registry, log } = options;
    this.#content = contentServices({
      ...{ content, platform, log },
      tokens: this.#tokens,
      machines: () => this.#machines.values(),
      emit: (event) => this.#emit(event),
      diskBytes: (name) => registry.hostBytes(name),
    });
  }

  async open(name: string): Promise<Api> {
    await this.#options.registry.settings(name);
    const { registry, images, content, registries, beforeStart, doctor, lastConsole, hostOs, dockerSocket } =
      this.#options;
    const machine = this.#machine(name);
    const tokens = this.#tokens;
    const calls = guestCalls(machine.running, tokens);
    const api = {
      engine: engineApi({ machine, tokens, beforeStart, doctor, lastConsole }),
      machines: machinesApi(name, {
        registry,
        machine: (other) => this.#machine(other),
        forget: (other) => this.#machines.delete(other),
      }),
      containers: containersApi({
        running: machine.running,
        calls,
        tokens,
        context: { machine: name, hostOs, images, dockerSocket: dockerSocket(name) },
        content,
      }),
      execs: execsApi(calls),
      images: imagesApi({ images, registries, stored: this.#content.images, emit: (event) => this.#emit(event) }),
      networks: networksApi(calls),
      volumes: volumesApi(calls),
      guest: guestApi(calls),
      explain: explainApi(machine, this.#options.portHolder),
      system: this.#content.system(machine),
    };
    return tellingOfImages(api, name, (event) => this.#emit(event));
  }

  takeStream(token: string): ReturnType<HostService['takeStream']> {
    return this.#tokens.take(token);
  }

  onEvent(listener: (event: HostEvent) => void): Disposable {
    return this.#events.add(listener);
  }

  async shutdown(): Promise<void> {
    const stops = [...this.#machines.values()].map(({ engine }) => engine.stop(false));
    for (const stop of await Promise.allSettled(stops))
      if (stop.status === 'rejected')
        this.#options.log.error({ err: stop.reason as unknown }, 'a machine did not stop in order');
  }

  #machine(name: string): Machine {
    const known = this.#machines.get(name);
    if (known !== undefined) return known;
    const { hostOs, version: hostVersion, drivers, dockerSocket, forwards, log } = this.#options;
    const onProgress: MachineOptions['onProgress'] = (layer, doneBytes, totalBytes) =>
      this.#emit({ kind: 'progress', task: 'layer', detail: layer, doneBytes, totalBytes });
    const machine = new Machine({
      name,
      hostOs,
      hostVersion,
      drivers: drivers(name),
      dockerSocket: dockerSocket(name),
      forwards,
      onProgress,
      neededLayers: () => this.#options.content.diffIds(),
      rebuildLayer: async (diffId) => layerFile(await this.#options.content.rebuildLayer(diffId as Digest)),
      log,
    });
    machine.engine.onState((state) => this.#emit({ kind: 'engine', machine: name, state }));
    machine.onChanged((changed) => this.#emit({ kind: 'guest', machine: name, changed }));
    this.#machines.set(name, machine);
    return machine;
  }

  #emit(event: HostEvent): void {
    for (const error of this.#events.emit(event)) this.#options.log.error({ err: error }, 'a listener failed');
  }
}

import type { Log } from '../base/log.ts';
import type { HostFacts, StateDirs } from '../base/platform.ts';
import { plainArchive } from '../content/plain-archive.ts';
import { dockerSocketPath } from '../contract/index.ts';
import type { HostService } from '../control/host-service.ts';
import type { DockerHost } from '../docker-api/docker-host.ts';
import { serveDockerApi } from '../docker-api/server.ts';
import type { MachineRegistry } from '../services/machine-settings.ts';

export interface DockerSocketsOptions {
  readonly facts: HostFacts;
  readonly dirs: StateDirs;
  readonly log: Log;
}

const firstMachine = 'default';

/** The Docker socket of each machine, there as long as the host service and the machine are. */
export class DockerSockets {
  readonly #options: DockerSocketsOptions;
  #host: DockerHost | undefined;
  readonly #served = new Map<string, Promise<AsyncDisposable | undefined>>();

  constructor(options: DockerSocketsOptions) {
    this.#options = options;
  }

  /** The sockets of the machines that there are, and of the one that is there without being made. */
  async start(host: DockerHost, machines: readonly string[]): Promise<AsyncDisposable> {
    for (const machine of new Set([firstMachine, ...machines])) await this.#serve(host, machine);
    this.#host = host;
    return { [Symbol.asyncDispose]: () => this.#end() };
  }

  /** The host service, whose new machines get their sockets with their first caller. */
  beside(host: HostService): HostService {
    return {
      version: host.version,
      open: async (machine) => {
        const api = await host.open(machine);
        if (this.#host !== undefined) await this.#serve(this.#host, machine);
        return api;
      },
      takeStream: (token) => host.takeStream(token),
      onEvent: (listener) => host.onEvent(listener),
      shutdown: () => host.shutdown(),
    };
  }

  /** The registry, whose machines' sockets go with them. */
  endingWith(registry: MachineRegistry): MachineRegistry {
    return {
      ...registry,
      remove: async (machine) => {
        await this.#remove(machine);
        await registry.remove(machine);
      },
    };
  }

  /** A socket that cannot be served is told to the log: the other front doors work without it. */
  async #serve(host: DockerHost, machine: string): Promise<void> {
    const served = this.#served.get(machine) ?? this.#begin(host, machine);
    this.#served.set(machine, served);
    await served;
  }

  async #remove(machine: string): Promise<void> {
    const served = await this.#served.get(machine);
    this.#served.delete(machine);
    await served?.[Symbol.asyncDispose]();
  }

  async #end(): Promise<void> {
    this.#host = undefined;
    await Promise.all([...this.#served.keys()].map((machine) => this.#remove(machine)));
  }

  async #begin(host: DockerHost, machine: string): Promise<AsyncDisposable | undefined> {
    const { facts, dirs, log } = this.#options;
    const socketPath = dockerSocketPath(dirs, facts.os, machine);
    try {
      return await serveDockerApi({ host, machine, socketPath, facts, log, plainArchive });
    } catch (error) {
      log.error({ err: error, socket: socketPath }, 'the Docker socket is not served');
      return undefined;
    }
  }
}

import { EngineError } from '../base/error.ts';
import { asError } from '../base/deadline.ts';
import { hostAddresses } from '../ports/port-plan.ts';
import type { PortForward } from '../ports/port-plan.ts';
import type { ActiveForward, PortForwards, WantedForward } from './port-forwards.ts';

/** The forwarder of `app/ports`; all or nothing at each `set`. */
export interface Forwarder {
  set(wanted: readonly PortForward[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Shows that a port of the host could be opened now; port 0 yields a free one.
 * @throws EngineError `port-busy`, `permission-denied`, `invalid-argument` for an address that the host does not have
 */
export type CheckPort = (host: string, port: number, protocol: 'tcp' | 'udp') => Promise<number>;

const randomAttempts = 20;

interface Opened {
  readonly forward: ActiveForward;
  readonly listeners: readonly PortForward[];
}

/** Forwards of containers: families of loopback, free ports, and one container's trouble kept from the others. */
export class ContainerForwards implements PortForwards {
  readonly #forwarder: Forwarder;
  readonly #check: CheckPort;
  #opened = new Map<string, Opened>();

  constructor(forwarder: Forwarder, check: CheckPort) {
    this.#forwarder = forwarder;
    this.#check = check;
  }

  async apply(wanted: readonly WantedForward[]): ReturnType<PortForwards['apply']> {
    const kept = new Map<string, Opened>();
    for (const forward of wanted) {
      const known = this.#opened.get(keyOf(forward));
      if (known !== undefined) kept.set(keyOf(forward), known);
    }
    this.#opened = kept;
    await this.#forwarder.set(this.#listeners());
    const failures: { wanted: WantedForward; error: Error }[] = [];
    for (const forward of wanted) {
      if (this.#opened.has(keyOf(forward))) continue;
      await this.#open(forward).catch((error: unknown) => failures.push({ wanted: forward, error: asError(error) }));
    }
    return failures;
  }

  active(): ActiveForward[] {
    return [...this.#opened.values()].flatMap(({ forward, listeners }) =>
      listeners.map(({ host, hostPort }) => ({ ...forward, hostAddress: host, hostPort })),
    );
  }

  async requireFree(ports: Parameters<PortForwards['requireFree']>[0]): Promise<void> {
    for (const port of ports) await this.#freePort(port, await this.#hosts(port.hostAddress));
  }

  /** The first that is free on all hosts. @throws EngineError `port-busy` and others of the last one's check */
  async #freePort(
    { protocol, hostPort, hostPortEnd = hostPort }: Parameters<PortForwards['requireFree']>[0][number],
    hosts: readonly string[],
  ): Promise<number> {
    for (let port = hostPort; ; port += 1) {
      try {
        for (const host of hosts) await this.#requireOne(host, port, protocol);
        return port;
      } catch (error) {
        if (port >= hostPortEnd) throw error;
      }
    }
  }

  /** One that is free on the first host may be taken on another. @throws EngineError `port-busy` and others of the last check */
  async #randomPort(protocol: 'tcp' | 'udp', [first = '127.0.0.1', ...others]: readonly string[]): Promise<number> {
    for (let attempt = 1; ; attempt += 1) {
      const port = await this.#check(first, 0, protocol);
      try {
        for (const host of others) await this.#requireOne(host, port, protocol);
        return port;
      } catch (error) {
        if (attempt >= randomAttempts) throw error;
      }
    }
  }

  async #requireOne(host: string, port: number, protocol: 'tcp' | 'udp'): Promise<void> {
    if (port === 0) return;
    const own = this.active().find(
      (forward) => forward.protocol === protocol && forward.hostPort === port && forward.hostAddress === host,
    );
    if (own !== undefined) throw busyByContainer(own);
    await this.#check(host, port, protocol);
  }

  async close(): Promise<void> {
    this.#opened.clear();
    await this.#forwarder.close();
  }

  async #open(forward: WantedForward): Promise<void> {
    const { protocol, guestPort, ipv6 } = forward;
    const hosts = await this.#hosts(forward.hostAddress);
    const hostPort =
      forward.hostPort === 0
        ? await this.#randomPort(protocol, hosts)
        : forward.hostPortEnd === undefined
          ? forward.hostPort
          : await this.#freePort(forward, hosts);
    const listeners = hosts.map((host) => ({
      protocol,
      host,
      hostPort,
      guestPort,
      ...(ipv6 !== undefined && { ipv6 }),
    }));
    await this.#forwarder.set([...this.#listeners(), ...listeners]);
    this.#opened.set(keyOf(forward), { forward: { ...forward, hostPort }, listeners });
  }

  /** A host without IPv6 has no `::1`: then IPv4 alone is meant. */
  async #hosts(address: string): Promise<readonly string[]> {
    const hosts = hostAddresses(address);
    if (hosts.length < 2) return hosts;
    const usable = await Promise.all(
      hosts.map((host) =>
        this.#check(host, 0, 'tcp').then(
          () => true,
          () => false,
        ),
      ),
    );
    return hosts.filter((_, index) => usable[index]);
  }

  #listeners(): PortForward[] {
    return [...this.#opened.values()].flatMap(({ listeners }) => listeners);
  }
}

function keyOf({ container, containerPort, protocol, hostAddress, hostPort, guestPort, ipv6 = false }: WantedForward) {
  return [container, containerPort, protocol, hostAddress, hostPort, guestPort, ipv6].join(' ');
}

function busyByContainer({ hostAddress, hostPort, container }: ActiveForward): EngineError {
  return new EngineError(
    'port-busy',
    `Bind for ${hostAddress}:${hostPort} failed: port is already allocated, by the container ${container.slice(0, 12)}.`,
    {
      hint: 'Choose another host port, or stop that container.',
      data: { host: hostAddress, port: hostPort, container },
    },
  );
}

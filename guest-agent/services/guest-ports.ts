/** Ports of the guest that lead to ports of containers, by rules of the packet filter. */
import type { Effects } from '../effects/effects.ts';
import { addPortsText, fastPathText, removePortsText, type PublishedPort as Rule } from '../plan/network-setup-plan.ts';
import type { PortMapping } from '../protocol/container-spec.ts';
import { EngineError } from '../protocol/errors.ts';
import { NumberPool } from './addresses.ts';
import { hostInterface } from './paths.ts';
import type { PublishedPort } from './records.ts';

/** Below those that the kernel takes for outgoing connections (32768). */
const firstGuestPort = 20_000;
const lastGuestPort = 29_999;

/** A container on the network by which its published ports come. */
export interface PortTarget {
  readonly ipv4: string;
  readonly ipv6?: string | undefined;
  /** Its name in the container. */
  readonly interface?: string | undefined;
}

interface Published {
  readonly target: PortTarget;
  readonly ports: readonly PublishedPort[];
}

export class GuestPorts {
  readonly #effects: Effects;
  readonly #numbers = new NumberPool('ports of the guest for containers', firstGuestPort, lastGuestPort);
  readonly #published = new Map<string, Published>();

  constructor(effects: Effects) {
    this.#effects = effects;
  }

  /** Ports that the host is to forward; nothing is left when it fails. */
  async publish(container: string, target: PortTarget, wanted: readonly PortMapping[]): Promise<PublishedPort[]> {
    if (wanted.length === 0) return [];
    const ports = wanted.map((port) => ({ ...port, container, guestPort: this.#numbers.take() }));
    this.#published.set(container, { target, ports });
    try {
      await this.#lead(container, addPortsText(rulesOf({ target, ports })));
    } catch (error) {
      this.#forget(container);
      throw error;
    }
    return ports;
  }

  /** What an adopted container holds is taken again. */
  restore(container: string, target: PortTarget, ports: readonly PublishedPort[]): void {
    for (const { guestPort } of ports) this.#numbers.reserve(guestPort);
    if (ports.length > 0) this.#published.set(container, { target, ports });
  }

  /** The same ports of the guest lead to another address of the container. */
  async move(container: string, target: PortTarget): Promise<void> {
    const known = this.#published.get(container);
    if (known === undefined) return;
    const moved = { ...known, target };
    this.#published.set(container, moved);
    if (known.target.ipv4 === target.ipv4) return;
    await this.#lead(container, removePortsText(rulesOf(known)) + addPortsText(rulesOf(moved)));
  }

  /** Resolves when no rule leads to the container any more. */
  async release(container: string): Promise<void> {
    const known = this.#forget(container);
    // That a rule is not there is as good as that it was removed.
    if (known !== undefined) await this.#effects.nft(removePortsText(rulesOf(known))).catch(() => undefined);
  }

  list(): (PublishedPort & { ipv6: boolean })[] {
    return [...this.#published.values()].flatMap(({ ports, target }) =>
      ports.map((port) => ({ ...port, ipv6: target.ipv6 !== undefined })),
    );
  }

  rules(): Rule[] {
    return [...this.#published.values()].flatMap(rulesOf);
  }

  /** The guest's ends of the cables of containers with published ports. */
  devices(): string[] {
    return [...this.#published].map(([container, { target }]) => hostInterface(container, target.interface));
  }

  /** Where a port of the guest leads: the container's addresses, IPv4 first. @throws EngineError `no-such-path` */
  target(guestPort: number): { addresses: string[]; port: number } {
    for (const { target, ports } of this.#published.values()) {
      const found = ports.find((port) => port.guestPort === guestPort && port.protocol === 'tcp');
      if (found !== undefined)
        return { addresses: [target.ipv4, target.ipv6].filter((one) => one !== undefined), port: found.containerPort };
    }
    throw new EngineError('no-such-path', `Port ${guestPort} of the guest leads to no container.`, {
      hint: 'The container has ended; start it again.',
    });
  }

  /** A container that has ended already has no device any more. */
  #lead(container: string, rules: string): Promise<void> {
    return this.#effects
      .nft(rules + fastPathText([hostInterface(container, this.#published.get(container)?.target.interface)]))
      .catch(() => this.#effects.nft(rules));
  }

  #forget(container: string): Published | undefined {
    const known = this.#published.get(container);
    for (const { guestPort } of known?.ports ?? []) this.#numbers.free(guestPort);
    this.#published.delete(container);
    return known;
  }
}

function rulesOf({ target: { ipv4 }, ports }: Published): Rule[] {
  return ports.map(({ protocol, guestPort, containerPort }) => ({ protocol, guestPort, containerPort, ipv4 }));
}

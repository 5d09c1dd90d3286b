/** All networks: found, made, removed; their bridges and rules in the guest; and who is on which. */
import { existsSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import type { Effects } from '../effects/effects.ts';
import { guestNameRules } from '../plan/dns-rules.ts';
import { planPools } from '../plan/ipam-plan.ts';
import { bridgeOptions } from '../plan/network-options.ts';
import { deleteLinkOp } from '../plan/network-plan.ts';
import { fastPathText, planBridge, rulesetText } from '../plan/network-setup-plan.ts';
import type { EndpointSettings } from '../protocol/container-spec.ts';
import type { Endpoint } from '../protocol/container.ts';
import { EngineError } from '../protocol/errors.ts';
import type { NetworkInfo, NetworkRequest } from '../protocol/network.ts';
import { BridgedNetwork, defaultNetwork, type Member } from './bridged-network.ts';
import { nowNano } from './clock.ts';
import type { Events } from './events.ts';
import { GuestPorts } from './guest-ports.ts';
import { Mutex } from './mutex.ts';
import { checkName, newId } from './names.ts';
import type { NetworkRecord } from './records.ts';
import type { Store } from './store.ts';

/** Modes, shown as networks. */
const predefined = ['host', 'none'] as const;
/** The guest's interface to the host. */
const uplink = 'eth0';
const bare = { createdAt: '0', internal: false, ipv6: false, pools: [], labels: {}, options: {} };

export interface NetworksDependencies {
  readonly effects: Effects;
  readonly store: Store;
  readonly events: Events;
  /** Folder with an entry for each interface: `/sys/class/net`. */
  readonly interfaces: string;
  /** Addresses of the guest's name servers. */
  readonly nameServers: () => readonly string[];
}

export interface Joined {
  readonly network: BridgedNetwork;
  readonly endpoint: Endpoint;
}

export class Networks {
  readonly ports: GuestPorts;
  readonly #deps: NetworksDependencies;
  readonly #bridge = new BridgedNetwork(defaultNetwork);
  readonly #byId = new Map([[this.#bridge.record.id, this.#bridge]]);
  /** Held while bridges and rules are changed: rules are always made from what is known last. */
  readonly #kernel = new Mutex();
  #ready: Promise<void> | undefined;

  constructor(deps: NetworksDependencies) {
    this.#deps = deps;
    this.ports = new GuestPorts(deps.effects);
    for (const record of deps.store.networks())
      if (record.id !== defaultNetwork.id) this.#byId.set(record.id, new BridgedNetwork(record));
  }

  /** Makes the bridges and their rules, once; a failure is tried again with the next container. */
  ready(): Promise<void> {
    this.#ready ??= this.#setUp().catch((error: unknown) => {
      this.#ready = undefined;
      throw error;
    });
    return this.#ready;
  }

  get bridge(): BridgedNetwork {
    return this.#bridge;
  }

  all(): BridgedNetwork[] {
    return [...this.#byId.values()];
  }

  /** By name, id or unique prefix; `default` is the bridge. @throws EngineError `no-such-network` */
  get(reference: string): BridgedNetwork {
    const name = reference === 'default' ? this.#bridge.record.name : reference;
    const exact = this.all().find(({ record }) => record.name === name) ?? this.#byId.get(name);
    if (exact !== undefined) return exact;
    const found = name === '' ? [] : this.all().filter(({ record }) => record.id.startsWith(name));
    const [only] = found;
    if (only !== undefined && found.length === 1) return only;
    const what = found.length > 1 ? `is ambiguous: ${found.length} networks have such an id` : 'not found';
    throw new EngineError('no-such-network', `network ${reference} ${what}`, {
      hint: 'List networks with: berth network ls',
    });
  }

  list(): NetworkInfo[] {
    return [...this.all().map((network) => network.info()), ...predefined.map(predefinedInfo)];
  }

  inspect(reference: string): NetworkInfo {
    const mode = predefined.findIndex((name) => name === reference);
    return this.list().find(({ name }) => name === predefined[mode]) ?? this.get(reference).info();
  }

  /** @throws EngineError `name-in-use`, `invalid-argument`, `in-use` */
  create(request: NetworkRequest): Promise<NetworkInfo> {
    return this.#kernel.run(async () => {
      const record = await this.#newRecord(request);
      const network = new BridgedNetwork(record);
      await this.ready();
      await this.#deps.effects.apply(planBridge(network.setup));
      this.#byId.set(record.id, network);
      try {
        await this.#applyRules();
        this.#deps.store.saveNetwork(record);
      } catch (error) {
        this.#byId.delete(record.id);
        await this.#deps.effects.apply([deleteLinkOp(network.options.bridge)]).catch(() => undefined);
        throw error;
      }
      this.#tell(network, 'create');
      return network.info();
    });
  }

  /** @throws EngineError `no-such-network`, `permission-denied`, `in-use` */
  remove(reference: string): Promise<void> {
    if (
      reference === 'default' ||
      reference === this.#bridge.record.name ||
      predefined.some((name) => name === reference)
    )
      throw new EngineError('permission-denied', `${reference} is a pre-defined network and cannot be removed`, {
        hint: 'It stays; others go by "berth network rm".',
      });
    return this.#kernel.run(async () => {
      const network = this.get(reference);
      const { id, name } = network.record;
      if (network.members.size > 0)
        throw new EngineError('in-use', `network ${name} has active endpoints (${membersText(network)})`, {
          hint: 'Stop or disconnect those containers first.',
          data: { containers: [...network.members.keys()] },
        });
      this.#byId.delete(id);
      this.#deps.store.remove('networks', id, { durable: true });
      await this.#applyRules();
      if (existsSync(`${this.#deps.interfaces}/${network.options.bridge}`))
        await this.#deps.effects.apply([deleteLinkOp(network.options.bridge)]);
      this.#tell(network, 'destroy');
    });
  }

  /** On which a container is, in the order in which it joined. */
  of(container: string): Joined[] {
    return this.all()
      .flatMap((network) => {
        const endpoint = network.members.get(container);
        return endpoint === undefined ? [] : [{ network, endpoint }];
      })
      .toSorted((a, b) => numberOf(a.endpoint) - numberOf(b.endpoint));
  }

  /** An address of its own on one network more. @throws EngineError `no-such-network`, `in-use`, `invalid-argument` */
  join(member: Member, settings: EndpointSettings): Endpoint {
    const network = this.get(settings.network);
    const taken = new Set(this.of(member.id).map(({ endpoint }) => numberOf(endpoint)));
    let number = 0;
    while (taken.has(number)) number += 1;
    const endpoint = network.join(member, settings);
    endpoint.interface = `eth${number}`;
    this.#tell(network, 'connect', member.id);
    return endpoint;
  }

  /** What an adopted container holds is taken again. */
  restore(container: string, endpoints: readonly Endpoint[]): void {
    for (const endpoint of endpoints)
      this.#byId.get(endpoint.networkId ?? this.#bridge.record.id)?.restore(container, endpoint);
  }

  leaveOne(container: string, network: BridgedNetwork): void {
    if (!network.members.has(container)) return;
    network.leave(container)();
    this.#tell(network, 'disconnect', container);
  }

  /** Gives back addresses and ports: the addresses are nobody else's before no rule leads to them any more. */
  leave(container: string): void {
    const left = this.of(container).map(({ network }) => network);
    const frees = left.map((network) => network.leave(container));
    void this.ports.release(container).finally(() => {
      for (const free of frees) free();
    });
    for (const network of left) this.#tell(network, 'disconnect', container);
  }

  #tell(network: BridgedNetwork, action: string, container?: string): void {
    const { id, name } = network.record;
    this.#deps.events.emit('network', id, action, {
      ...(container !== undefined && { container }),
      name,
      type: 'bridge',
    });
  }

  async #newRecord(request: NetworkRequest): Promise<NetworkRecord> {
    const { name, internal, labels, options } = request;
    // Docker's networks may have names of one letter.
    checkName('The network', name.length === 1 ? name.repeat(2) : name);
    const known = [...this.all().map(({ record }) => record.name), ...predefined, 'default'];
    if (known.includes(name))
      throw new EngineError('name-in-use', `network with name ${name} already exists`, {
        hint: 'Choose another name, or remove that network first.',
      });
    const id = newId();
    const { bridge } = bridgeOptions(id, options);
    if (existsSync(`${this.#deps.interfaces}/${bridge}`))
      throw new EngineError('in-use', `The guest has an interface ${bridge} already.`, {
        hint: 'Choose another name.',
      });
    const taken = [
      ...this.all().flatMap(({ record }) => record.pools.map(({ subnet }) => subnet)),
      ...(await this.#guestSubnets()),
    ];
    const pools = planPools(request, { id, taken, avoid: request.avoid ?? [] });
    return { id, name, createdAt: nowNano(), internal, pools, labels, options };
  }

  /** Of the guest's own interfaces: a network over one of them would cut the guest off. */
  async #guestSubnets(): Promise<string[]> {
    const own = new Set(this.all().map(({ options }) => options.bridge));
    const interfaces = await this.#deps.effects.read('interfaces', { pid: process.pid });
    return interfaces.filter(({ name }) => !own.has(name)).flatMap(({ addresses }) => addresses);
  }

  async #setUp(): Promise<void> {
    const { effects, interfaces } = this.#deps;
    for (const { setup } of this.all())
      if (!existsSync(`${interfaces}/${setup.bridge}`)) await effects.apply(planBridge(setup));
    await this.#applyRules();
  }

  async #applyRules(): Promise<void> {
    const [{ gateway } = { gateway: '' }] = this.#bridge.gateways;
    const names = guestNameRules(this.#deps.nameServers().filter(isIPv4), gateway);
    const isThere = (device: string) => existsSync(`${this.#deps.interfaces}/${device}`);
    await this.#deps.effects.nft(
      rulesetText({
        networks: this.all().map(({ setup }) => setup),
        ports: this.ports.rules(),
        names,
        uplink: isThere(uplink) ? uplink : undefined,
      }),
    );
    const devices = this.ports.devices().filter(isThere);
    // One that goes meanwhile is refused; the others are then slower, and all work.
    if (devices.length > 0) await this.#deps.effects.nft(fastPathText(devices)).catch(() => undefined);
  }
}

/** Of `eth2`. */
function numberOf({ interface: name = 'eth0' }: Endpoint): number {
  return Number(name.slice('eth'.length));
}

function membersText({ members }: BridgedNetwork): string {
  return [...members].map(([id, { dnsNames }]) => `name:"${dnsNames?.[0] ?? ''}" id:"${id.slice(0, 12)}"`).join(', ');
}

function predefinedInfo(word: (typeof predefined)[number], index: number): NetworkInfo {
  const id = 'cd'.charAt(index).padEnd(64, '0');
  return { id, name: word, driver: word, subnet: '', gateway: '', bridge: '', containers: [], ...bare };
}

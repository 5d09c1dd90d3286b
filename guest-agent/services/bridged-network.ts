/** One network with a bridge: its addresses, and who has which. */
import type { BridgeNetwork } from '../plan/network-setup-plan.ts';
import { bridgeOptions, type BridgeOptions } from '../plan/network-options.ts';
import type { EndpointSettings } from '../protocol/container-spec.ts';
import type { Endpoint } from '../protocol/container.ts';
import { EngineError } from '../protocol/errors.ts';
import type { NetworkInfo } from '../protocol/network.ts';
import { AddressPool, macFor } from './addresses.ts';
import type { NetworkRecord } from './records.ts';

export const defaultNetwork: NetworkRecord = {
  id: 'b'.padEnd(64, '0'),
  name: 'bridge',
  createdAt: '0',
  internal: false,
  pools: [{ subnet: '172.30.0.0/16', gateway: '172.30.0.1' }],
  labels: {},
  options: { 'com.docker.network.bridge.name': 'berth0' },
};

/** A container that joins. */
export interface Member {
  readonly id: string;
  readonly name: string;
  /** Empty: made of the id. */
  readonly hostname: string;
}

export type Wanted = Pick<EndpointSettings, 'aliases' | 'ipv4' | 'ipv6' | 'macAddress'>;

export class BridgedNetwork {
  readonly record: NetworkRecord;
  readonly options: BridgeOptions;
  readonly #v4: AddressPool;
  readonly #v6: AddressPool | undefined;
  readonly #members = new Map<string, Endpoint>();

  constructor(record: NetworkRecord) {
    const [v4, v6] = record.pools;
    if (v4 === undefined) throw new EngineError('internal', `The network ${record.name} has no subnet.`);
    this.record = record;
    this.options = bridgeOptions(record.id, record.options);
    this.#v4 = new AddressPool(v4);
    this.#v6 = v6 && new AddressPool(v6);
  }

  /** The default bridge: without names, aliases and fixed addresses, as Docker's. */
  get isDefault(): boolean {
    return this.record.id === defaultNetwork.id;
  }

  get members(): ReadonlyMap<string, Endpoint> {
    return this.#members;
  }

  /** @throws EngineError `invalid-argument` for what this network can't give */
  check({ aliases, ipv4, ipv6 }: Wanted): void {
    if (this.isDefault && (ipv4 ?? ipv6) !== undefined)
      throw new EngineError(
        'invalid-argument',
        'user specified IP address is supported on user defined networks only',
        { hint: 'Make a network with "berth network create --subnet", and use that.' },
      );
    if (this.isDefault && aliases.length > 0)
      throw new EngineError(
        'invalid-argument',
        'network-scoped alias is supported only for containers in user defined networks',
        { hint: 'Make a network with "berth network create", and use that.' },
      );
    if (ipv4 !== undefined) this.#v4.check(ipv4);
    if (ipv6 !== undefined) this.#requireV6(ipv6).check(ipv6);
  }

  /** @throws EngineError `in-use`, `invalid-argument` */
  join(member: Member, wanted: Wanted): Endpoint {
    this.check(wanted);
    const ipv4 = this.#v4.take(wanted.ipv4);
    let ipv6: string | undefined;
    try {
      ipv6 = wanted.ipv6 === undefined ? this.#v6?.take() : this.#requireV6(wanted.ipv6).take(wanted.ipv6);
    } catch (error) {
      this.#v4.free(ipv4);
      throw error;
    }
    const endpoint = this.#endpoint(member, wanted, { ipv4, ipv6 });
    this.#members.set(member.id, endpoint);
    return endpoint;
  }

  /** What `join` might answer; nothing is taken. */
  sample(member: Member, wanted: Wanted): Endpoint {
    this.check(wanted);
    const [v4, v6] = this.record.pools.map((pool) => new AddressPool(pool).take());
    return this.#endpoint(member, wanted, { ipv4: wanted.ipv4 ?? v4 ?? '', ipv6: wanted.ipv6 ?? v6 });
  }

  restore(container: string, endpoint: Endpoint): void {
    this.#v4.reserve(endpoint.ipv4);
    if (endpoint.ipv6 !== undefined) this.#v6?.reserve(endpoint.ipv6);
    this.#members.set(container, endpoint);
  }

  /** The answer gives the addresses back, to be called when no rule leads to them any more. */
  leave(container: string): () => void {
    const endpoint = this.#members.get(container);
    this.#members.delete(container);
    return () => {
      if (endpoint === undefined) return;
      this.#v4.free(endpoint.ipv4);
      if (endpoint.ipv6 !== undefined) this.#v6?.free(endpoint.ipv6);
    };
  }

  get gateways(): { subnet: string; gateway: string }[] {
    return this.record.pools.map(({ subnet, gateway = '' }) => ({ subnet, gateway }));
  }

  get setup(): BridgeNetwork {
    const { bridge, icc, masquerade, mtu } = this.options;
    const pools = this.gateways;
    const mac = macFor(pools[0]?.gateway ?? '');
    return { bridge, mac, pools, internal: this.record.internal, icc, masquerade, ...(mtu !== undefined && { mtu }) };
  }

  info(): NetworkInfo {
    const { id, name, createdAt, internal, pools, labels, options } = this.record;
    const { subnet = '', gateway = '' } = this.gateways[0] ?? {};
    return {
      ...{ id, name, createdAt, internal, labels, options, subnet, gateway },
      driver: 'bridge',
      bridge: this.options.bridge,
      containers: [...this.#members.keys()],
      ipv6: pools.length > 1,
      pools: [...pools],
    };
  }

  #requireV6(wanted: string): AddressPool {
    if (this.#v6 !== undefined) return this.#v6;
    throw new EngineError(
      'invalid-argument',
      `invalid address ${wanted}: the network ${this.record.name} has no IPv6 subnet`,
      { hint: 'Make the network with --ipv6.' },
    );
  }

  #endpoint(member: Member, wanted: Wanted, { ipv4, ipv6 }: { ipv4: string; ipv6: string | undefined }): Endpoint {
    const { id, name, internal } = this.record;
    const [v4, v6] = this.gateways.map(({ gateway }) => (internal ? '' : gateway));
    const names = [member.name, ...wanted.aliases, member.id.slice(0, 12), member.hostname];
    return {
      ...{ network: name, networkId: id, ipv4, prefixLength: this.#v4.prefixLength, gateway: v4 ?? '' },
      macAddress: wanted.macAddress || macFor(ipv4),
      ...(ipv6 !== undefined && { ipv6, ipv6PrefixLength: this.#v6?.prefixLength, ipv6Gateway: v6 }),
      ...(!this.isDefault && { dnsNames: [...new Set(names.filter((one) => one !== ''))] }),
    };
  }
}

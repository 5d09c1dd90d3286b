import type { ContainerInfo } from '../../../guest-agent/protocol/container.ts';
import type { NetworkInfo } from '../../../guest-agent/protocol/network.ts';
import { rfc3339 } from '../../contract/times.ts';
import type { ListView } from '../format/list.ts';

export interface NetworkRow {
  readonly ID: string;
  readonly Name: string;
  readonly Driver: string;
  readonly Scope: string;
  readonly Subnet: string;
  readonly Containers: string;
  readonly CreatedAt: string;
  readonly IPv6: string;
  readonly Internal: string;
  readonly Labels: string;
  readonly Label: (key: unknown) => string;
}

export const networkView: ListView<NetworkRow> = {
  columns: ['ID', 'Name', 'Driver', 'Subnet', 'Containers'],
  titles: {
    ID: 'NETWORK ID',
    Name: 'NAME',
    Driver: 'DRIVER',
    Scope: 'SCOPE',
    Subnet: 'SUBNET',
    Containers: 'CONTAINERS',
    CreatedAt: 'CREATED AT',
    IPv6: 'IPV6',
    Internal: 'INTERNAL',
    Labels: 'LABELS',
  },
};

export function networkRow(network: NetworkInfo, truncate: boolean): NetworkRow {
  return {
    ID: truncate ? network.id.slice(0, 12) : network.id,
    Name: network.name,
    Driver: network.driver,
    Scope: 'local',
    Subnet: network.subnet,
    Containers: String(network.containers.length),
    CreatedAt: rfc3339(network.createdAt),
    IPv6: String(network.ipv6),
    Internal: String(network.internal),
    Labels: Object.entries(network.labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    Label: (key) => network.labels[String(key)] ?? '',
  };
}

/** In Docker's shape; maps are `Map`s for templates. */
export function networkInspect(network: NetworkInfo, containers: readonly ContainerInfo[]): object {
  return {
    Name: network.name,
    Id: network.id,
    Created: rfc3339(network.createdAt),
    Scope: 'local',
    Driver: network.driver,
    EnableIPv6: network.ipv6,
    IPAM: {
      Driver: 'default',
      Config: network.pools.map(({ subnet, ipRange, gateway, reserved }) => ({
        Subnet: subnet,
        ...(ipRange !== undefined && { IPRange: ipRange }),
        Gateway: gateway ?? '',
        ...(reserved !== undefined && { AuxiliaryAddresses: new Map(Object.entries(reserved)) }),
      })),
    },
    Internal: network.internal,
    Bridge: network.bridge,
    Containers: new Map(containers.flatMap((container) => memberOf(network, container))),
    Options: new Map(Object.entries(network.options)),
    Labels: new Map(Object.entries(network.labels)),
  };
}

function memberOf(network: NetworkInfo, { id, name, endpoints }: ContainerInfo): [string, object][] {
  const endpoint = endpoints.find((one) => one.network === network.name);
  if (endpoint === undefined) return [];
  const { ipv4, prefixLength, ipv6, ipv6PrefixLength = 64, macAddress, dnsNames = [] } = endpoint;
  const member = {
    Name: name,
    MacAddress: macAddress,
    IPv4Address: `${ipv4}/${prefixLength}`,
    IPv6Address: ipv6 === undefined ? '' : `${ipv6}/${ipv6PrefixLength}`,
    DNSNames: dnsNames,
  };
  return [[id, member]];
}

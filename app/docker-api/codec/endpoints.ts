import type { ContainerInfo, Endpoint } from '../../../guest-agent/protocol/container.ts';
import type { NetworkInfo } from '../../../guest-agent/protocol/network.ts';

const unset: Omit<Endpoint, 'network'> = { ipv4: '', prefixLength: 0, gateway: '', macAddress: '' };

/** `Networks` of a container, by name; those it will be on when it runs, while it does not. */
export function endpointsOf(info: ContainerInfo, networks: readonly NetworkInfo[]) {
  const shown = info.endpoints.length > 0 ? info.endpoints : idleEndpoints(info, networks);
  return Object.fromEntries(shown.map((endpoint) => [endpoint.network, endpointOf(info, endpoint, networks)]));
}

/** One that has left its first network is on the others alone; host and none are no networks that one could leave. */
function idleEndpoints({ spec }: ContainerInfo, networks: readonly NetworkInfo[]): Endpoint[] {
  const mode = spec.namespaces.network;
  const own = ['host', 'none'].includes(mode) ? undefined : spec.networks?.map(({ network }) => network);
  const named = own ?? [mode];
  const known = named.flatMap((word) => networks.find(({ id, name }) => name === word || id === word)?.name ?? []);
  return [...new Set(known)].map((network) => ({ network, ...unset }));
}

type Settings = NonNullable<ContainerInfo['spec']['networks']>[number];

function endpointOf({ id, spec }: ContainerInfo, endpoint: Endpoint, networks: readonly NetworkInfo[]) {
  const network = networks.find(({ name }) => name === endpoint.network);
  const settings = spec.networks?.find((one) => [network?.name, network?.id].includes(one.network));
  return {
    ...asked(settings ?? { network: '', aliases: [], links: [] }),
    NetworkID: endpoint.networkId ?? network?.id ?? '',
    EndpointID: endpoint.ipv4 === '' ? '' : id,
    MacAddress: endpoint.macAddress,
    Gateway: endpoint.gateway,
    IPAddress: endpoint.ipv4,
    IPPrefixLen: endpoint.prefixLength,
    ...sixth(endpoint),
    DNSNames: listOrNull(endpoint.dnsNames ?? []),
  };
}

function asked({ aliases, links, ipv4 = '', ipv6 = '', gatewayPriority = 0 }: Settings) {
  return {
    IPAMConfig: ipv4 === '' && ipv6 === '' ? null : { IPv4Address: ipv4, IPv6Address: ipv6 },
    Links: listOrNull(links.map(({ container, alias }) => `${container}:${alias}`)),
    Aliases: listOrNull(aliases),
    DriverOpts: null,
    GwPriority: gatewayPriority,
  };
}

function sixth({ ipv6 = '', ipv6PrefixLength = 0, ipv6Gateway = '' }: Endpoint) {
  return { IPv6Gateway: ipv6Gateway, GlobalIPv6Address: ipv6, GlobalIPv6PrefixLen: ipv6PrefixLength };
}

function listOrNull(list: readonly string[]): string[] | null {
  return list.length === 0 ? null : [...list];
}

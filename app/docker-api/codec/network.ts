/** Networks in Docker's shape. */
import * as v from 'valibot';
import { EngineError } from '../../../guest-agent/protocol/errors.ts';
import type { ContainerInfo } from '../../../guest-agent/protocol/container.ts';
import type { NetworkInfo, NetworkPool, NetworkRequest } from '../../../guest-agent/protocol/network.ts';
import { rfc3339 } from '../../contract/times.ts';
import { Flag, Labels, Text } from './decode.ts';
import { refusal } from './error.ts';

const Pool = v.object({ Subnet: Text, IPRange: Text, Gateway: Text, AuxiliaryAddresses: Labels });

export const NetworkCreateRequest = v.object({
  Name: Text,
  Driver: Text,
  Internal: Flag,
  EnableIPv4: v.nullish(v.boolean(), true),
  EnableIPv6: Flag,
  ConfigOnly: Flag,
  ConfigFrom: v.nullish(v.object({ Network: Text }), {}),
  Ingress: Flag,
  Scope: Text,
  Options: Labels,
  Labels,
  IPAM: v.nullish(v.object({ Driver: Text, Config: v.nullish(v.array(Pool), []), Options: Labels }), {}),
});
type NetworkCreateRequest = v.InferOutput<typeof NetworkCreateRequest>;

/** @throws EngineError `invalid-argument`, and 404 for a driver that is none */
export function networkRequest(request: NetworkCreateRequest): NetworkRequest {
  const { Name: name, Driver, IPAM, Scope } = request;
  if (name === '') throw new EngineError('invalid-argument', 'network name cannot be empty');
  if (!['', 'bridge', 'default'].includes(Driver)) throw refusal(404, `plugin "${Driver}" not found`);
  if (!['', 'default'].includes(IPAM.Driver)) throw refusal(404, `plugin "${IPAM.Driver}" not found`);
  if (request.ConfigOnly || request.ConfigFrom.Network !== '' || request.Ingress || !['', 'local'].includes(Scope))
    throw new EngineError('unsupported', 'Networks here are local bridges: no ingress, no configuration-only ones.');
  if (!request.EnableIPv4)
    throw new EngineError('invalid-argument', 'Networks here have IPv4; IPv6 alone is not supported.');
  const { Internal: internal, EnableIPv6: ipv6, Labels: labels, Options: options } = request;
  return { name, internal, ipv6, labels, options, pools: IPAM.Config.map(poolFrom) };
}

const bridgePrefix = 'com.docker.network.bridge.';
/** What other options of Docker's bridges may be without asking for anything that is not here. */
const usual: readonly (readonly [option: string, value: RegExp])[] = [
  [`${bridgePrefix}gateway_mode_ipv4`, /^(nat)?$/],
  [`${bridgePrefix}gateway_mode_ipv6`, /^(nat)?$/],
  [`${bridgePrefix}inhibit_ipv4`, /^(0|f|false)?$/i],
  [`${bridgePrefix}trusted_host_interfaces`, /^$/],
  ['com.docker.network.container_iface_prefix', /^(eth)?$/],
];

/** Names what is kept and shown, and does nothing; empty where all is granted. */
export function networkWarning({ Options, IPAM }: NetworkCreateRequest): string {
  const idle = usual.filter(([option, value]) => !value.test(Options[option] ?? '')).map(([option]) => option);
  const all = [...idle, ...Object.keys(IPAM.Options).map((option) => `IPAM option ${option}`)];
  return all.length === 0 ? '' : `not supported by this engine, and without effect: ${all.join(', ')}`;
}

function poolFrom({ Subnet, IPRange, Gateway, AuxiliaryAddresses }: v.InferOutput<typeof Pool>): NetworkPool {
  return {
    subnet: Subnet,
    ...(IPRange !== '' && { ipRange: IPRange }),
    ...(Gateway !== '' && { gateway: Gateway }),
    ...(Object.keys(AuxiliaryAddresses).length > 0 && { reserved: AuxiliaryAddresses }),
  };
}

/** What Docker tells of its default bridge, as it holds for ours. */
const defaultBridge = {
  [`${bridgePrefix}default_bridge`]: 'true',
  [`${bridgePrefix}enable_icc`]: 'true',
  [`${bridgePrefix}enable_ip_masquerade`]: 'true',
  'com.docker.network.driver.mtu': '1500',
};

/** `containers`: those that run, for an inspect; a list leaves them out. */
export function networkInspect(network: NetworkInfo, minor: number, containers: readonly ContainerInfo[] = []) {
  return {
    Name: network.name,
    Id: network.id,
    Created: rfc3339(network.createdAt),
    Scope: 'local',
    Driver: network.driver === 'none' ? 'null' : network.driver,
    ...(minor >= 47 && { EnableIPv4: network.driver === 'bridge' }),
    EnableIPv6: network.ipv6,
    IPAM: { Driver: 'default', Options: null, Config: network.pools.map(poolOf) },
    Internal: network.internal,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: members(network, containers),
    Options: network.name === 'bridge' ? { ...defaultBridge, ...network.options } : network.options,
    Labels: network.labels,
  };
}

function poolOf({ subnet, ipRange, gateway, reserved }: NetworkPool) {
  return {
    Subnet: subnet,
    ...(ipRange !== undefined && { IPRange: ipRange }),
    ...(gateway !== undefined && { Gateway: gateway }),
    ...(reserved !== undefined && { AuxiliaryAddresses: reserved }),
  };
}

function members(network: NetworkInfo, containers: readonly ContainerInfo[]): Record<string, object> {
  const entries = containers.flatMap(({ id, name, endpoints }) => {
    const own = endpoints.find((endpoint) => endpoint.network === network.name);
    if (own === undefined) return [];
    const IPv6Address = own.ipv6 === undefined ? '' : `${own.ipv6}/${own.ipv6PrefixLength ?? 64}`;
    const IPv4Address = `${own.ipv4}/${own.prefixLength}`;
    return [[id, { Name: name, EndpointID: id, MacAddress: own.macAddress, IPv4Address, IPv6Address }] as const];
  });
  return Object.fromEntries(entries);
}

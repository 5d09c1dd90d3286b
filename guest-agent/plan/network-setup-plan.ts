/**
 * The guest's side of networking: a bridge for each network, and one nftables table `inet berth` that keeps networks
 * apart, lets containers out (masquerade) and leads published ports in (DNAT). Frames between containers of one bridge
 * do not pass it. Texts are for `nft -f -`; syntax: nft(8).
 */
import { EngineError } from '../protocol/errors.ts';
import { formatAddress, formatCidr, parseAddress, parseCidr } from './cidr.ts';
import { addressOp, bridgeOp } from './network-plan.ts';
import type { Op } from './op.ts';

export interface BridgeNetwork {
  /** Device name in the guest. */
  bridge: string;
  mac: string;
  mtu?: number;
  /** Subnet and the bridge's own address in it; one of each family at most. */
  pools: readonly { subnet: string; gateway: string }[];
  /** No way out, none in. */
  internal: boolean;
  /** Its containers reach each other; those of another are kept apart by the bridge itself, too (`vethOps`). */
  icc: boolean;
  masquerade: boolean;
}

/** A port of the guest that leads to one of a container. */
export interface PublishedPort {
  protocol: 'tcp' | 'udp';
  guestPort: number;
  /** The container's address. */
  ipv4: string;
  containerPort: number;
}

/** Makes the bridge with the gateways' addresses, up. */
export function planBridge({ bridge, mac, mtu, pools }: BridgeNetwork): Op[] {
  const addresses = pools.map(({ subnet, gateway }) => addressOp(bridge, gateway, parseCidr(subnet).prefixLength));
  return [bridgeOp(bridge, mac, mtu), ...addresses];
}

export interface Ruleset {
  readonly networks: readonly BridgeNetwork[];
  /** What the maps start with; later changes go by {@link addPortsText} and {@link removePortsText}. */
  readonly ports: readonly PublishedPort[];
  /** Lines of dns-rules.ts. */
  readonly names: readonly string[];
  /** The guest's interface to the host, if it is there. */
  readonly uplink?: string | undefined;
}

/**
 * The whole table, replacing an earlier one in the same transaction. Packets to 127.0.0.1 are not led on: the host reaches the
 * guest at its own address.
 */
export function rulesetText({ networks, ports, names, uplink }: Ruleset): string {
  const fast = uplink === undefined ? undefined : [uplink, ...networks.map(({ bridge }) => bridge)];
  const lead = (protocol: string) => `    fib daddr type local dnat ip to ${protocol} dport map @${protocol}_ports`;
  const lines = [
    'table inet berth',
    'delete table inet berth',
    'table inet berth {',
    ...(['tcp', 'udp'] as const).flatMap((protocol) => [
      `  map ${protocol}_ports {`,
      '    type inet_service : ipv4_addr . inet_service',
      ...elementsLine(ports.filter((port) => port.protocol === protocol)),
      '  }',
    ]),
    ...fastPath(fast),
    ...['  chain prerouting {', '    type nat hook prerouting priority dstnat; policy accept;', ...names],
    ...[lead('tcp'), lead('udp'), '  }'],
    ...['  chain output {', '    type nat hook output priority -100; policy accept;', ...names],
    ...['    ip daddr 127.0.0.0/8 return', lead('tcp'), lead('udp'), '  }'],
    ...['  chain forward {', '    type filter hook forward priority filter; policy accept;'],
    ...[...separation(networks), ...(fast === undefined ? [] : [ontoFastPath]), '  }'],
    ...['  chain postrouting {', '    type nat hook postrouting priority srcnat; policy accept;'],
    ...[...networks.flatMap(masquerade), '  }'],
    '}',
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * Established connections by published ports go from one interface to the other past routing and filtering. Source:
 * kernel Documentation/networking/nf_flowtable.rst.
 */
function fastPath(devices: readonly string[] | undefined): string[] {
  return devices === undefined ? [] : ['  flowtable fast {', `    ${ingress(devices)}`, '  }'];
}

const ontoFastPath = '    ct status dnat meta l4proto tcp flow add @fast';

/**
 * To be added for the cables of containers with published ports: their packets then pass the bridge by, too. The kernel
 * takes out what goes; it refuses a device that is not there.
 */
export function fastPathText(devices: readonly string[]): string {
  return `add flowtable inet berth fast { ${ingress(devices)} }\n`;
}

function ingress(devices: readonly string[]): string {
  const list = devices.map((device) => `"${device}"`).join(', ');
  return `hook ingress priority filter; devices = { ${list} };`;
}

/** Networks do not reach each other, not even by published ports; what is internal reaches nothing else at all. */
function separation(networks: readonly BridgeNetwork[]): string[] {
  const bridges = networks.map(({ bridge }) => `"${bridge}"`).join(', ');
  const own = networks.map(
    ({ bridge, icc }) => `    iifname "${bridge}" oifname "${bridge}" ${icc ? 'accept' : 'ct state new drop'}`,
  );
  const closed = networks
    .filter(({ internal }) => internal)
    .flatMap(({ bridge }) => [`    iifname "${bridge}" drop`, `    oifname "${bridge}" drop`]);
  const apart = `    iifname { ${bridges} } oifname { ${bridges} } ct state new drop`;
  return [...own, ...closed, ...(networks.length > 1 ? [apart] : [])];
}

function masquerade({ bridge, pools, internal, masquerade: wanted }: BridgeNetwork): string[] {
  if (internal) return [];
  return pools.flatMap(({ subnet }) => {
    const { family } = parseCidr(subnet);
    const from = `    ${family === 4 ? 'ip' : 'ip6'} saddr ${formatCidr(parseCidr(subnet))}`;
    const out = wanted ? [`${from} oifname != "${bridge}" masquerade`] : [];
    return [...out, `${from} oifname "${bridge}" ct status dnat masquerade`];
  });
}

export function addPortsText(ports: readonly PublishedPort[]): string {
  return changeText('add', ports);
}

export function removePortsText(ports: readonly PublishedPort[]): string {
  return changeText('delete', ports);
}

function changeText(verb: 'add' | 'delete', ports: readonly PublishedPort[]): string {
  const lines = ports.map((port) => `${verb} element inet berth ${port.protocol}_ports { ${element(port)} }\n`);
  return lines.join('');
}

function elementsLine(ports: readonly PublishedPort[]): string[] {
  return ports.length === 0 ? [] : [`    elements = { ${ports.map(element).join(', ')} }`];
}

function element({ guestPort, ipv4, containerPort }: PublishedPort): string {
  for (const port of [guestPort, containerPort])
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      throw new EngineError('invalid-argument', `port ${port}: ports go from 1 to 65535`);
  return `${guestPort} : ${formatAddress(parseAddress(ipv4))} . ${containerPort}`;
}

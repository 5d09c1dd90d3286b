/** A container's end of the network: its veth pair on a bridge, loopback, address and default route, as rtnetlink messages. */
import { EngineError } from '../protocol/errors.ts';
import { addressBytes, lastOf, parseAddress, parseCidr } from './cidr.ts';
import type { BridgeEndpoint } from './context.ts';
import {
  addressHeader,
  addressIndexOffset,
  attribute,
  defaultRouteHeader,
  linkHeader,
  message,
  messageType,
  type Message,
} from './netlink-message.ts';
import { none32, type Op } from './op.ts';

/** Attribute types of linux/if_link.h, linux/if_addr.h, linux/rtnetlink.h, linux/veth.h. */
const ifla = { address: 1, ifname: 3, mtu: 4, master: 10, linkinfo: 18, netNsPid: 19 } as const;
const linkInfo = { kind: 1, data: 2, slaveKind: 4, slaveData: 5 } as const;
const bridgePortIsolated = 33;
const vethPeer = 1;
const ifa = { address: 1, local: 2, broadcast: 4 } as const;
const rta = { gateway: 5 } as const;

/** Index of `lo` in every new network namespace. */
const loopbackIndex = 1;
const maxNameBytes = 15;

function netlinkOp({ bytes, marks }: Message, why: string, ifname = ''): Op {
  return { op: 'netlink', message: bytes, pidAt: marks.pid ?? none32, indexAt: marks.index ?? none32, ifname, why };
}

function checkName(name: string): string {
  if (name === '' || name.length > maxNameBytes || /[\s/]/.test(name))
    throw new EngineError('invalid-argument', `"${name}" cannot be the name of a network interface`, {
      hint: 'Use at most 15 bytes without spaces and slashes, such as eth1.',
    });
  return name;
}

/** Six bytes of a MAC address; `invalid-argument` for anything else and for multicast addresses. */
export function parseMac(text: string): Uint8Array {
  const parts = text.split(/[:-]/);
  const bytes = parts.map((part) => (/^[0-9a-fA-F]{2}$/.test(part) ? Number.parseInt(part, 16) : Number.NaN));
  if (bytes.length !== 6 || bytes.some(Number.isNaN) || ((bytes[0] ?? 1) & 1) === 1)
    throw new EngineError('invalid-argument', `"${text}" is not the MAC address of one interface`, {
      hint: 'Give six bytes such as 02:42:ac:11:00:02, the first one even.',
    });
  return Uint8Array.from(bytes);
}

/**
 * One message makes both ends, puts one on the bridge, up, and the other into the container. That one cannot be brought
 * up here: the kernel refuses it (ENOTCONN) while the pair is being made.
 *
 * @param pid of a running container's process; without it the monitor fills in that of the container that it starts
 */
export function vethOps(endpoint: BridgeEndpoint, pid?: number): Op[] {
  return [vethOp(endpoint, pid), ...(endpoint.isolated ? [isolatedOp(endpoint)] : [])];
}

function vethOp(endpoint: BridgeEndpoint, pid?: number): Op {
  const mtu = endpoint.mtu === undefined ? [] : [attribute.u32(ifla.mtu, endpoint.mtu)];
  const peer = [
    attribute.bytes(0, linkHeader()),
    attribute.text(ifla.ifname, checkName(endpoint.containerInterface)),
    attribute.bytes(ifla.address, parseMac(endpoint.mac)),
    pid === undefined ? attribute.u32(ifla.netNsPid, 0, 'pid') : attribute.u32(ifla.netNsPid, pid),
    ...mtu,
  ];
  const created = message(messageType.newLink, 'create', linkHeader({ up: true }), [
    attribute.text(ifla.ifname, checkName(endpoint.hostInterface)),
    ...mtu,
    attribute.u32(ifla.master, 0, 'index'),
    attribute.nested(ifla.linkinfo, [
      attribute.text(linkInfo.kind, 'veth'),
      attribute.nested(linkInfo.data, [attribute.nested(vethPeer, peer)]),
    ]),
  ]);
  const why = `a cable: ${endpoint.hostInterface} on ${endpoint.bridge}, ${endpoint.containerInterface} in the container`;
  return netlinkOp(created, why, checkName(endpoint.bridge));
}

/** The bridge passes no frame from one isolated port to another (bridge(8)). */
function isolatedOp({ hostInterface, bridge }: BridgeEndpoint): Op {
  const changed = message(messageType.newLink, 'change', linkHeader(), [
    attribute.text(ifla.ifname, checkName(hostInterface)),
    attribute.nested(ifla.linkinfo, [
      attribute.text(linkInfo.slaveKind, 'bridge'),
      attribute.nested(linkInfo.slaveData, [attribute.bytes(bridgePortIsolated, Uint8Array.of(1))]),
    ]),
  ]);
  return netlinkOp(changed, `${hostInterface} meets no other container of ${bridge}`);
}

function upOp(name: string): Op {
  const up = message(messageType.newLink, 'change', linkHeader({ up: true }), [
    attribute.text(ifla.ifname, checkName(name)),
  ]);
  return netlinkOp(up, `${name} up`);
}

export function loopbackOp(): Op {
  const up = message(messageType.newLink, 'change', linkHeader({ index: loopbackIndex, up: true }), []);
  return netlinkOp(up, 'loopback up: 127.0.0.1 and ::1 inside');
}

/** Adds an address to the interface `name` of the actor's network namespace. */
export function addressOp(name: string, address: string, prefixLength: number): Op {
  const parsed = parseAddress(address);
  const { family } = parsed;
  const value = lastOf(parseCidr(`${address}/${prefixLength}`));
  const broadcast = family === 4 ? [attribute.bytes(ifa.broadcast, addressBytes({ family, value }))] : [];
  const added = message(messageType.newAddress, 'create', addressHeader(family, prefixLength), [
    attribute.bytes(ifa.local, addressBytes(parsed)),
    attribute.bytes(ifa.address, addressBytes(parsed)),
    ...broadcast,
  ]);
  const marked: Message = { ...added, marks: { index: addressIndexOffset } };
  return netlinkOp(marked, `address ${address}/${prefixLength} of ${name}`, checkName(name));
}

/** By the container's process or, in its network namespace, by the agent: addresses, up, ways out. */
export function endpointOps(endpoint: BridgeEndpoint): Op[] {
  const { containerInterface: name, ipv4, prefixLength, ipv6 } = endpoint;
  return [
    addressOp(name, ipv4, prefixLength),
    ...(ipv6 === undefined ? [] : [addressOp(name, ipv6.address, ipv6.prefixLength)]),
    upOp(name),
    ...routeOps(endpoint),
  ];
}

/** The default routes, in the place of earlier ones. */
export function routeOps({ gateway, ipv6 }: Pick<BridgeEndpoint, 'gateway' | 'ipv6'>): Op[] {
  return [gateway, ipv6?.gateway ?? ''].filter((address) => address !== '').map(routeOp);
}

function routeOp(gateway: string): Op {
  const address = parseAddress(gateway);
  const route = message(messageType.newRoute, 'replace', defaultRouteHeader(address.family), [
    attribute.bytes(rta.gateway, addressBytes(address)),
  ]);
  return netlinkOp(route, `default route by way of ${gateway}`);
}

/** A bridge device, up; an existing one of the name is an error (EEXIST). */
export function bridgeOp(name: string, mac: string, mtu?: number): Op {
  const created = message(messageType.newLink, 'create', linkHeader({ up: true }), [
    attribute.text(ifla.ifname, checkName(name)),
    attribute.bytes(ifla.address, parseMac(mac)),
    ...(mtu === undefined ? [] : [attribute.u32(ifla.mtu, mtu)]),
    attribute.nested(ifla.linkinfo, [attribute.text(linkInfo.kind, 'bridge')]),
  ]);
  return netlinkOp(created, `bridge ${name}: the switch that containers are plugged into`);
}

/** Removes an interface (and a veth's other end). */
export function deleteLinkOp(name: string): Op {
  const removed = message(messageType.delLink, 'change', linkHeader(), [attribute.text(ifla.ifname, checkName(name))]);
  return netlinkOp(removed, `${name} goes`);
}

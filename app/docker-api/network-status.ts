/** `Status` of an inspected network: how many addresses of each subnet are taken, and how many are left to give. */
import { BlockList, isIPv6 } from 'node:net';
import type { ContainerInfo } from '../../guest-agent/protocol/container.ts';
import type { NetworkInfo, NetworkPool } from '../../guest-agent/protocol/network.ts';

/** Clients read 64 bits: the greatest number of ours that is less than 2 ** 64. */
const most = 2 ** 64 - 2 ** 11;

/** @param containers those that run */
export function networkStatus({ name, pools }: NetworkInfo, containers: readonly ContainerInfo[]) {
  const members = containers.flatMap(({ endpoints }) => endpoints.filter(({ network }) => network === name));
  const given = members.flatMap(({ ipv4, ipv6 }) => (ipv6 === undefined ? [ipv4] : [ipv4, ipv6]));
  return { IPAM: { Subnets: Object.fromEntries(pools.map((pool) => [pool.subnet, subnetStatus(pool, given)])) } };
}

function subnetStatus({ subnet, ipRange = subnet, gateway = '', reserved = {} }: NetworkPool, given: string[]) {
  const held = new Set([gateway, ...Object.values(reserved), ...given].filter((address) => isWithin(address, subnet)));
  const inRange = [...held].filter((address) => isWithin(address, ipRange)).length;
  // The first address of a subnet is nobody's, and of IPv4 the last one, too.
  const ends = subnet.includes(':') ? 1 : 2;
  const left = sizeOf(ipRange) - inRange - (ipRange === subnet ? ends : 0);
  return { IPsInUse: held.size + ends, DynamicIPsAvailable: Math.min(Math.max(left, 0), most) };
}

function sizeOf(cidr: string): number {
  return 2 ** ((cidr.includes(':') ? 128 : 32) - prefixOf(cidr));
}

function isWithin(address: string, cidr: string): boolean {
  const family = isIPv6(address) ? 'ipv6' : 'ipv4';
  if (address === '' || cidr.includes(':') !== (family === 'ipv6')) return false;
  const list = new BlockList();
  list.addSubnet(cidr.split('/')[0] ?? '', prefixOf(cidr), family);
  return list.check(address, family);
}

function prefixOf(cidr: string): number {
  return Number(cidr.split('/')[1]);
}

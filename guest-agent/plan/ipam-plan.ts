/** The subnets of a new network: those asked for, checked, and those taken by themselves. Pure. */
import { EngineError } from '../protocol/errors.ts';
import type { NetworkPool, NetworkRequest } from '../protocol/network.ts';
import {
  bitsOf,
  contains,
  formatAddress,
  formatCidr,
  overlap,
  parseAddress,
  parseCidr,
  within,
  type Cidr,
} from './cidr.ts';

/** Docker's own choice, without what the default bridge has: 172.17.0.0/16 and on, then 192.168.0.0/20 and on. */
export const automaticPools: readonly string[] = [
  ...Array.from({ length: 15 }, (_, index) => `172.${17 + index}.0.0/16`),
  ...Array.from({ length: 16 }, (_, index) => `192.168.${16 * index}.0/20`),
];

export interface IpamFacts {
  /** The new network's. */
  readonly id: string;
  /** Subnets of the other networks: a pool must not overlap them. */
  readonly taken: readonly string[];
  /** Addresses and subnets of the guest and the host, which what is taken by itself keeps off. */
  readonly avoid: readonly string[];
}

/** IPv4 first; every pool has a gateway. @throws EngineError `invalid-argument`, `in-use` */
export function planPools(request: Pick<NetworkRequest, 'pools' | 'ipv6'>, facts: IpamFacts): NetworkPool[] {
  const asked = request.pools.map(checkPool);
  const ofFamily = (family: number) => asked.filter(({ cidr }) => cidr.family === family);
  const [v4, v6] = [ofFamily(4), ofFamily(6)];
  if (v4.length > 1 || v6.length > 1)
    throw new EngineError('invalid-argument', 'A network has one subnet of each family at most.', {
      hint: 'Make another network for the other subnet: a container can be on both.',
    });
  const taken = facts.taken.map(parseCidr);
  for (const { cidr } of asked) requireFree(cidr, taken);
  const pools = [v4[0]?.pool ?? automatic(taken, facts.avoid)];
  if (v6[0] !== undefined) pools.push(v6[0].pool);
  else if (request.ipv6) pools.push(uniqueLocal(facts.id));
  return pools.map(withGateway);
}

function checkPool(pool: NetworkPool): { pool: NetworkPool; cidr: Cidr } {
  const cidr = parseCidr(pool.subnet);
  if (bitsOf(cidr.family) - cidr.prefixLength < 2)
    throw new EngineError('invalid-argument', `The subnet ${pool.subnet} has no room for a gateway and a container.`, {
      hint: 'Choose a larger one, such as a /24.',
    });
  if (pool.ipRange !== undefined && !within(parseCidr(pool.ipRange), cidr))
    throw new EngineError('invalid-argument', `The range ${pool.ipRange} is not within the subnet ${pool.subnet}.`, {
      hint: 'Choose a part of the subnet.',
    });
  const named = [...Object.values(pool.reserved ?? {}), ...(pool.gateway === undefined ? [] : [pool.gateway])];
  for (const address of named)
    if (!contains(cidr, parseAddress(address)))
      throw new EngineError('invalid-argument', `The address ${address} is not within the subnet ${pool.subnet}.`, {
        hint: 'Choose an address of the subnet.',
      });
  return { pool: { ...pool, subnet: formatCidr(cidr) }, cidr };
}

function requireFree(cidr: Cidr, taken: readonly Cidr[]): void {
  const other = taken.find((one) => overlap(one, cidr));
  if (other === undefined) return;
  throw new EngineError(
    'in-use',
    `invalid pool request: Pool overlaps with other one on this address space: ${formatCidr(cidr)} with ${formatCidr(other)}`,
    { hint: 'Choose another subnet, or leave it out.' },
  );
}

function automatic(taken: readonly Cidr[], avoid: readonly string[]): NetworkPool {
  const closed = [...taken, ...avoid.map(parseCidr)];
  const free = automaticPools.find((candidate) => !closed.some((one) => overlap(one, parseCidr(candidate))));
  if (free !== undefined) return { subnet: free };
  throw new EngineError('in-use', 'all predefined address pools have been fully subnetted', {
    hint: 'Remove networks that are no longer needed ("berth network prune"), or give a --subnet.',
  });
}

/** RFC 4193: `fd`, forty random bits, here the first of the network's id, and subnet 0. */
function uniqueLocal(id: string): NetworkPool {
  return { subnet: formatCidr(parseCidr(`fd${id.slice(0, 2)}:${id.slice(2, 6)}:${id.slice(6, 10)}::/64`)) };
}

function withGateway(pool: NetworkPool): NetworkPool {
  const { family, base } = parseCidr(pool.subnet);
  return { ...pool, gateway: pool.gateway ?? formatAddress({ family, value: base + 1n }) };
}

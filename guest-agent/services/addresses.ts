/** Addresses of one subnet, and numbers of a range, given to one holder at a time. */
import { contains, formatAddress, lastOf, parseAddress, parseCidr, type Cidr } from '../plan/cidr.ts';
import { EngineError } from '../protocol/errors.ts';
import type { NetworkPool } from '../protocol/network.ts';

/** Docker's form: an IPv4 address in the last four bytes, so that it is unique in the guest. */
export function macFor(ipv4: string): string {
  const bytes = ipv4.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return ['02', '42', ...bytes].join(':');
}

/** How many taken addresses are passed over before the pool counts as full: an IPv6 subnet is never searched whole. */
const mostTries = 2 ** 20;

/** Hands out a pool's addresses in turn: one that was freed is used again only when the others have been. */
export class AddressPool {
  readonly #subnet: Cidr;
  readonly #first: bigint;
  readonly #count: bigint;
  readonly #used = new Set<bigint>();
  #next = 0n;

  constructor({ subnet, ipRange, gateway, reserved }: NetworkPool) {
    this.#subnet = parseCidr(subnet);
    const range = parseCidr(ipRange ?? subnet);
    this.#first = range.base;
    this.#count = lastOf(range) - range.base + 1n;
    const { family, base } = this.#subnet;
    this.#used.add(base);
    if (family === 4) this.#used.add(lastOf(this.#subnet));
    for (const address of [gateway, ...Object.values(reserved ?? {})])
      if (address !== undefined) this.#used.add(parseAddress(address).value);
  }

  get prefixLength(): number {
    return this.#subnet.prefixLength;
  }

  /** @param wanted a fixed one, anywhere in the subnet @throws EngineError `in-use`, `invalid-argument` */
  take(wanted?: string): string {
    if (wanted !== undefined) return this.#fixed(wanted);
    const { family } = this.#subnet;
    for (let tries = 0; tries < mostTries && BigInt(tries) < this.#count; tries += 1) {
      const value = this.#first + this.#next;
      this.#next = (this.#next + 1n) % this.#count;
      if (this.#used.has(value)) continue;
      this.#used.add(value);
      return formatAddress({ family, value });
    }
    throw new EngineError('in-use', "no available addresses on this network's address pools", {
      hint: 'Stop containers that are no longer needed, or make a network with a larger subnet.',
    });
  }

  /** @throws EngineError `invalid-argument` */
  check(wanted: string): void {
    if (contains(this.#subnet, parseAddress(wanted))) return;
    throw new EngineError(
      'invalid-argument',
      `invalid address ${wanted}: It does not belong to any of this network's subnets`,
      { hint: 'See its subnets with "berth network inspect".' },
    );
  }

  /** For holders that are known already. */
  reserve(address: string): void {
    this.#used.add(parseAddress(address).value);
  }

  free(address: string): void {
    this.#used.delete(parseAddress(address).value);
  }

  #fixed(wanted: string): string {
    this.check(wanted);
    const address = parseAddress(wanted);
    if (this.#used.has(address.value))
      throw new EngineError('in-use', `Address already in use: ${wanted}`, {
        hint: 'Choose another, or stop the container that has it.',
      });
    this.#used.add(address.value);
    return formatAddress(address);
  }
}

/** Hands out numbers in turn: one that was freed is used again only when the others have been. */
export class NumberPool {
  readonly #first: number;
  readonly #count: number;
  readonly #what: string;
  readonly #used = new Set<number>();
  #next = 0;

  constructor(what: string, first: number, last: number) {
    this.#what = what;
    this.#first = first;
    this.#count = last - first + 1;
  }

  /** @throws EngineError `in-use` when all are */
  take(): number {
    for (let tries = 0; tries < this.#count; tries += 1) {
      const value = this.#first + this.#next;
      this.#next = (this.#next + 1) % this.#count;
      if (this.#used.has(value)) continue;
      this.#used.add(value);
      return value;
    }
    throw new EngineError('in-use', `All ${this.#count} ${this.#what} are in use.`, {
      hint: 'Stop containers that are no longer needed.',
    });
  }

  /** For holders that are known already. */
  reserve(value: number): void {
    this.#used.add(value);
  }

  free(value: number): void {
    this.#used.delete(value);
  }
}

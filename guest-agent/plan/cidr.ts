/** Addresses and subnets of both families as numbers: RFC 4632, RFC 4291, RFC 5952. */
import { EngineError } from '../protocol/errors.ts';

export type Family = 4 | 6;

export interface Address {
  family: Family;
  value: bigint;
}

export interface Cidr {
  family: Family;
  /** The subnet's first address: host bits are cleared. */
  base: bigint;
  prefixLength: number;
}

export const bitsOf = (family: Family): number => (family === 4 ? 32 : 128);

/** @throws EngineError `invalid-argument` */
export function parseAddress(text: string): Address {
  const value = text.includes(':') ? ipv6(text) : ipv4(text);
  if (value === undefined)
    throw new EngineError('invalid-argument', `"${text}" is not an IP address`, {
      hint: 'Write it like 172.20.0.5 or fd00::5.',
    });
  return { family: text.includes(':') ? 6 : 4, value };
}

/** Host bits may be set: they are cleared. @throws EngineError `invalid-argument` */
export function parseCidr(text: string): Cidr {
  const [address = '', prefix = ''] = text.split('/');
  const { family, value } = parseAddress(address);
  const prefixLength = /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (!(prefixLength <= bitsOf(family)))
    throw new EngineError('invalid-argument', `"${text}" is not a subnet`, {
      hint: 'Write it as 172.28.0.0/16 or fd00:1::/64.',
    });
  const hostBits = BigInt(bitsOf(family) - prefixLength);
  return { family, base: (value >> hostBits) << hostBits, prefixLength };
}

export function lastOf({ family, base, prefixLength }: Cidr): bigint {
  return base + (1n << BigInt(bitsOf(family) - prefixLength)) - 1n;
}

export function contains(cidr: Cidr, { family, value }: Address): boolean {
  return family === cidr.family && value >= cidr.base && value <= lastOf(cidr);
}

export function overlap(a: Cidr, b: Cidr): boolean {
  return a.family === b.family && a.base <= lastOf(b) && b.base <= lastOf(a);
}

/** Whether all of `inner` is in `outer`. */
export function within(inner: Cidr, outer: Cidr): boolean {
  return inner.family === outer.family && inner.base >= outer.base && lastOf(inner) <= lastOf(outer);
}

/** 4 or 16 bytes, as the kernel and the wire have them. */
export function addressBytes({ family, value }: Address): Uint8Array {
  const length = bitsOf(family) / 8;
  return Uint8Array.from({ length }, (_, index) => Number((value >> BigInt(8 * (length - 1 - index))) & 0xffn));
}

export function formatAddress({ family, value }: Address): string {
  if (family === 4) return [...addressBytes({ family, value })].join('.');
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(16 * (7 - index))) & 0xffffn).toString(16));
  return shortened(groups);
}

export function formatCidr({ family, base, prefixLength }: Cidr): string {
  return `${formatAddress({ family, value: base })}/${prefixLength}`;
}

function ipv4(text: string): bigint | undefined {
  const parts = text.split('.');
  const valid = parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
  return valid ? parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n) : undefined;
}

function ipv6(text: string): bigint | undefined {
  const [head = '', tail, ...more] = text.split('::');
  if (more.length > 0) return undefined;
  const [before, after] = [groupsOf(head), groupsOf(tail ?? '')];
  if (before === undefined || after === undefined) return undefined;
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const zeros = Array.from({ length: missing }, () => 0n);
  return [...before, ...zeros, ...after].reduce((sum, group) => (sum << 16n) | group, 0n);
}

function groupsOf(part: string): bigint[] | undefined {
  if (part === '') return [];
  const words = part.split(':');
  return words.every((word) => /^[0-9a-fA-F]{1,4}$/.test(word)) ? words.map((word) => BigInt(`0x${word}`)) : undefined;
}

/** The longest run of zeros, of two groups at least, as `::`. */
function shortened(groups: readonly string[]): string {
  let best = { start: 0, length: 1 };
  for (let start = 0; start < groups.length; start += 1) {
    let length = 0;
    while (groups[start + length] === '0') length += 1;
    if (length > best.length) best = { start, length };
  }
  if (best.length < 2) return groups.join(':');
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`;
}

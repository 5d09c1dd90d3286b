/**
 * rtnetlink messages as bytes: netlink(7), rtnetlink(7), linux/rtnetlink.h, linux/if_link.h. Integers are little endian
 * (both guests are), except addresses. Every message asks for an acknowledgement.
 */
import { utf8 } from './utf8.ts';

export const messageType = { newLink: 16, delLink: 17, newAddress: 20, newRoute: 24 } as const;
const flag = { request: 1, acknowledge: 4, replace: 0x100, exclusive: 0x200, create: 0x400 } as const;

/** An attribute: type, and bytes or nested attributes. */
export interface Attribute {
  type: number;
  value: Uint8Array | readonly Attribute[];
  /** Replaced by the launcher; `Message` tells where the value lies. */
  mark?: 'pid' | 'index';
}

export interface Message {
  bytes: Uint8Array;
  /** Offsets of the values of marked attributes. */
  marks: Readonly<Partial<Record<'pid' | 'index', number>>>;
}

export const attribute = {
  /** A string with its final zero. */
  text: (type: number, text: string): Attribute => ({ type, value: Uint8Array.from([...utf8(text), 0]) }),
  u32: (type: number, value: number, mark?: 'pid' | 'index'): Attribute => ({ type, value: u32(value), mark }),
  bytes: (type: number, value: Uint8Array): Attribute => ({ type, value }),
  nested: (type: number, value: readonly Attribute[]): Attribute => ({ type, value }),
};

export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value >>> 0, true);
  return bytes;
}

/** struct ifinfomsg; index 0 leaves the choice to IFLA_IFNAME. */
export function linkHeader(options: { index?: number; up?: boolean } = {}): Uint8Array {
  const up = options.up ? 1 : 0;
  return join([u32(0), u32(options.index ?? 0), u32(up), u32(up)]);
}

const addressFamily = { 4: 2, 6: 10 } as const;
/** IFA_F_NODAD: the engine gives each address once, so that nobody need wait until the kernel has asked around. */
const noDetection = { 4: 0, 6: 2 } as const;

/** struct ifaddrmsg, scope global; the index at offset 20 of the message is filled in later. */
export function addressHeader(family: 4 | 6, prefixLength: number): Uint8Array {
  return join([Uint8Array.of(addressFamily[family], prefixLength, noDetection[family], 0), u32(0)]);
}
export const addressIndexOffset = 20;

/** struct rtmsg: unicast default route, table main, protocol boot, scope universe. */
export function defaultRouteHeader(family: 4 | 6): Uint8Array {
  return join([Uint8Array.of(addressFamily[family], 0, 0, 0, 254, 3, 0, 1), u32(0)]);
}

/** Of something new (NLM_F_CREATE|NLM_F_EXCL), of something in the place of what may be there, or of what is there. */
const purpose = { create: flag.create | flag.exclusive, replace: flag.create | flag.replace, change: 0 } as const;

/** A whole message. */
export function message(
  type: number,
  what: keyof typeof purpose,
  header: Uint8Array,
  attributes: readonly Attribute[],
): Message {
  const marks: Partial<Record<'pid' | 'index', number>> = {};
  const body = join([header, encodeAttributes(attributes, 16 + header.length, marks)]);
  const bytes = new Uint8Array(16 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flag.request | flag.acknowledge | purpose[what], true);
  bytes.set(body, 16);
  return { bytes, marks };
}

function encodeAttributes(
  attributes: readonly Attribute[],
  start: number,
  marks: Partial<Record<'pid' | 'index', number>>,
): Uint8Array {
  const parts: Uint8Array[] = [];
  let at = start;
  for (const { type, value, mark } of attributes) {
    if (mark !== undefined) marks[mark] = at + 4;
    const content = value instanceof Uint8Array ? value : encodeNested(value, at + 4, marks);
    const padded = new Uint8Array((4 + content.length + 3) & ~3);
    const view = new DataView(padded.buffer);
    view.setUint16(0, 4 + content.length, true);
    view.setUint16(2, type, true);
    padded.set(content, 4);
    parts.push(padded);
    at += padded.length;
  }
  return join(parts);
}

/** Nested attributes; one of type 0 is a plain header before the others (VETH_INFO_PEER begins with a struct ifinfomsg). */
function encodeNested(
  attributes: readonly Attribute[],
  start: number,
  marks: Partial<Record<'pid' | 'index', number>>,
): Uint8Array {
  const [first, ...rest] = attributes;
  if (first?.type !== 0 || !(first.value instanceof Uint8Array)) return encodeAttributes(attributes, start, marks);
  return join([first.value, encodeAttributes(rest, start + first.value.length, marks)]);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The interfaces of a process's network namespace, by two rtnetlink dumps (rtnetlink(7), linux/if_link.h). */
import type { NetworkInterface } from '../queries.ts';
import { Netlink, parseAttributes } from './netlink.ts';

const getLink = 18;
const getAddress = 22;
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_STATS64 = 23;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFF_UP = 1;
const linkHeaderBytes = 16;
const addressHeaderBytes = 8;

/** nlmsghdr with NLM_F_REQUEST | NLM_F_DUMP, and an empty family header. */
function dumpRequest(type: number, familyBytes: number): Buffer {
  const message = Buffer.alloc(16 + familyBytes);
  message.writeUInt32LE(message.length, 0);
  message.writeUInt16LE(type, 4);
  message.writeUInt16LE(0x301, 6);
  return message;
}

/** @throws EngineError `operation-failed`; the system's ENOENT when the process has ended */
export async function interfacesOf(pid: number): Promise<NetworkInterface[]> {
  const socket = await Netlink.open(pid);
  try {
    const links = socket.dump('listing interfaces', dumpRequest(getLink, linkHeaderBytes));
    const addresses = socket.dump('listing addresses', dumpRequest(getAddress, addressHeaderBytes));
    const byIndex = Map.groupBy(
      addresses.map(({ payload }) => ({ index: payload.readUInt32LE(4), text: addressText(payload) })),
      ({ index }) => index,
    );
    return links.map(({ payload }) => {
      const index = payload.readInt32LE(4);
      return parseLink(
        payload,
        (byIndex.get(index) ?? []).map(({ text }) => text),
      );
    });
  } finally {
    socket.close();
  }
}

function parseLink(payload: Buffer, addresses: readonly string[]): NetworkInterface {
  const attributes = parseAttributes(payload.subarray(linkHeaderBytes));
  const stats = attributes.get(IFLA_STATS64);
  const counter = (place: number): number =>
    stats === undefined || stats.length < place * 8 + 8 ? 0 : Number(stats.readBigUInt64LE(place * 8));
  return {
    index: payload.readInt32LE(4),
    name: attributes.get(IFLA_IFNAME)?.toString('utf8').replace(/\0$/, '') ?? '',
    mac: [...(attributes.get(IFLA_ADDRESS) ?? [])].map((byte) => byte.toString(16).padStart(2, '0')).join(':'),
    up: (payload.readUInt32LE(8) & IFF_UP) !== 0,
    addresses,
    // struct rtnl_link_stats64: packets, bytes, errors and drops, each received and then sent.
    ...{ rxPackets: counter(0), txPackets: counter(1), rxBytes: counter(2), txBytes: counter(3) },
    ...{ rxErrors: counter(4), txErrors: counter(5), rxDropped: counter(6), txDropped: counter(7) },
  };
}

function addressText(payload: Buffer): string {
  const attributes = parseAttributes(payload.subarray(addressHeaderBytes));
  // On a point-to-point link IFA_ADDRESS is the peer's.
  const bytes = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS) ?? Buffer.alloc(0);
  return `${formatAddress(bytes)}/${payload.readUInt8(1)}`;
}

/** IPv6 in the form of RFC 5952. */
export function formatAddress(bytes: Buffer): string {
  if (bytes.length !== 16) return [...bytes].join('.');
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16)).join(':');
  return new URL(`http://[${groups}]`).hostname.slice(1, -1);
}

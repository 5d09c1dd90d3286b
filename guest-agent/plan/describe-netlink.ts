/** rtnetlink messages in words, for people. */
import { formatAddress } from './cidr.ts';
import { fromUtf8 } from './utf8.ts';

const types: Readonly<Record<number, string>> = {
  16: 'RTM_NEWLINK',
  17: 'RTM_DELLINK',
  20: 'RTM_NEWADDR',
  24: 'RTM_NEWROUTE',
};
const headerLength: Readonly<Record<number, number>> = { 16: 16, 17: 16, 20: 8, 24: 12 };

type Describe = (value: Uint8Array) => string;

const text: Describe = (value) => fromUtf8(value.subarray(0, -1));
const mac: Describe = (value) => [...value].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
const address: Describe = (value) =>
  formatAddress({
    family: value.length === 4 ? 4 : 6,
    value: value.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n),
  });
const number: Describe = (value) => String(new DataView(value.buffer, value.byteOffset).getUint32(0, true));

const peer: Describe = (value) => {
  const up = (value[8] ?? 0) & 1 ? ' up' : '';
  return `(${describe(value.subarray(16), linkAttributes)}${up})`;
};
const linkData: Describe = (value) => describe(value, { 1: ['peer', peer] });
const portData: Describe = (value) => describe(value, { 33: ['isolated', ([on]) => String(on)] });
const linkInfo: Describe = (value) =>
  describe(value, { 1: ['kind', text], 2: ['', linkData], 4: ['port of kind', text], 5: ['', portData] });
const linkAttributes: Readonly<Record<number, readonly [string, Describe]>> = {
  1: ['address', mac],
  3: ['name', text],
  4: ['mtu', number],
  10: ['master', () => '{index}'],
  18: ['', linkInfo],
  19: ['netns', () => '{pid}'],
};
const addressAttributes: Readonly<Record<number, readonly [string, Describe]>> = {
  2: ['local', address],
  4: ['broadcast', address],
};
const routeAttributes: Readonly<Record<number, readonly [string, Describe]>> = { 5: ['default via', address] };

/** `RTM_NEWLINK up name veth1a2b master {index} kind veth peer (name eth0 …)`. */
export function describeNetlink(message: Uint8Array): string {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const type = view.getUint16(4, true);
  const name = types[type] ?? `message ${type}`;
  const body = message.subarray(16 + (headerLength[type] ?? 0));
  if (type === 20) return `${name} ${describe(body, addressAttributes)}/${message[17] ?? 0}`;
  if (type === 24) return `${name} ${describe(body, routeAttributes)}`;
  const index = view.getUint32(20, true);
  const words = [
    name,
    index === 0 ? '' : `index ${index}`,
    (message[24] ?? 0) & 1 ? 'up' : '',
    describe(body, linkAttributes),
  ];
  return words.filter(Boolean).join(' ');
}

function describe(bytes: Uint8Array, known: Readonly<Record<number, readonly [string, Describe]>>): string {
  const words: string[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 4 <= bytes.length;) {
    const length = view.getUint16(at, true);
    if (length < 4) break;
    const entry = known[view.getUint16(at + 2, true)];
    if (entry) words.push(`${entry[0]} ${entry[1](bytes.subarray(at + 4, at + length))}`.trim());
    at += (length + 3) & ~3;
  }
  return words.join(' ');
}

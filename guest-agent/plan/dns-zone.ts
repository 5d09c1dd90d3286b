/** What the engine itself knows of names: those of a container's networks, its links, the host. */
import { addressBytes, formatAddress, parseAddress, type Address } from './cidr.ts';

export interface NamedMember {
  /** The first one stands for it in reverse look-ups. */
  names: readonly string[];
  ipv4: string;
  ipv6?: string;
}

/** As one container sees it. */
export interface NameView {
  networks: readonly { name: string; members: readonly NamedMember[] }[];
  /** Names that only this container sees. */
  links: readonly NamedMember[];
  /** The host's address; empty when it has none. */
  host: string;
}

export interface NameAnswer {
  name: string;
  type: 'A' | 'AAAA' | 'PTR';
  /** An address, or a name. */
  data: string;
}

export const hostNames: readonly string[] = ['host.docker.internal', 'gateway.docker.internal'];

/** Undefined: nothing here bears the name. No answer: it has nothing of this type (RFC 2308's NODATA). */
export function localAnswers(question: { name: string; type: string }, view: NameView): NameAnswer[] | undefined {
  const name = question.name.toLowerCase().replace(/\.$/, '');
  if (question.type === 'PTR') return reverse(question.name, name, view);
  const members = bearers(name, view);
  if (members.length === 0) return undefined;
  const { type } = question;
  if (type !== 'A' && type !== 'AAAA') return [];
  return members.flatMap(({ ipv4, ipv6 }) => {
    const data = type === 'A' ? ipv4 : ipv6;
    return data === undefined ? [] : [{ name: question.name, type, data }];
  });
}

function bearers(name: string, { networks, links, host }: NameView): NamedMember[] {
  if (host !== '' && hostNames.includes(name)) return [{ names: hostNames, ipv4: host }];
  const bears = (wanted: string) => (member: NamedMember) => member.names.some((one) => one.toLowerCase() === wanted);
  const linked = links.filter(bears(name));
  if (linked.length > 0) return linked;
  const found = networks.flatMap((network) => {
    const suffix = `.${network.name.toLowerCase()}`;
    const short = name.endsWith(suffix) ? name.slice(0, -suffix.length) : undefined;
    return network.members.filter((member) => bears(name)(member) || (short !== undefined && bears(short)(member)));
  });
  return [...new Set(found)];
}

function reverse(asked: string, name: string, { networks }: NameView): NameAnswer[] | undefined {
  for (const network of networks)
    for (const member of network.members) {
      const { names, ipv4, ipv6 } = member;
      const [first] = names;
      if (first === undefined || ![ipv4, ipv6].some((one) => one !== undefined && reverseName(one) === name)) continue;
      return [{ name: asked, type: 'PTR', data: `${first}.${network.name}` }];
    }
  return undefined;
}

/** `4.3.2.1.in-addr.arpa` (RFC 1035), or nibbles below `ip6.arpa` (RFC 3596). */
export function reverseName(text: string): string {
  const address: Address = parseAddress(text);
  if (address.family === 4) return `${formatAddress(address).split('.').reverse().join('.')}.in-addr.arpa`;
  const nibbles = [...addressBytes(address)].flatMap((byte) => [byte >> 4, byte & 15]);
  return `${nibbles
    .reverse()
    .map((nibble) => nibble.toString(16))
    .join('.')}.ip6.arpa`;
}

/** `--network`, and the flags that are about the first of several. */
import type { EndpointSettings } from '../../../guest-agent/protocol/container-spec.ts';
import type { Options } from '../command/options.ts';
import { badFlag, usageError } from '../command/usage-error.ts';
import { parseCsv } from './csv.ts';
import { isAddress, parseMac } from './hosts.ts';
import { parseInteger } from './numbers.ts';
import { parseNetworkName } from './namespaces.ts';

export interface NetworkWish {
  readonly mode: string;
  /** Absent: nothing beyond the mode. */
  readonly networks: EndpointSettings[] | undefined;
}

type Draft = { -readonly [K in keyof EndpointSettings]: EndpointSettings[K] };

/** `--network` (also given twice), `--network-alias`, `--ip`, `--ip6`, `--link`. */
export function readNetworks(options: Options): NetworkWish {
  const words = [...options.list('network'), ...options.list('net')];
  const [first = emptyEndpoint(parseNetworkName(undefined)), ...others] = words.map((text) => parseNetwork(text));
  first.aliases.push(...options.list('network-alias'));
  first.links.push(...options.list('link').map((text) => parseLink(text)));
  const [ipv4, ipv6] = [options.text('ip'), options.text('ip6')];
  if (ipv4 !== undefined) first.ipv4 = address(ipv4, '--ip');
  if (ipv6 !== undefined) first.ipv6 = address(ipv6, '--ip6');
  const all = [first, ...others];
  const modes = all.filter(({ network }) => /^(host|none|container:.*)$/.test(network));
  if (modes.length > 0 && all.length > 1)
    throw usageError(
      `the network mode ${modes[0]?.network ?? ''} cannot be combined with other networks`,
      'Leave the other --network out.',
    );
  const plain = others.length === 0 && JSON.stringify(first) === JSON.stringify(emptyEndpoint(first.network));
  return { mode: first.network, networks: plain ? undefined : all };
}

/** `NAME`, or Docker's `name=NAME,alias=…,ip=…,ip6=…,mac-address=…,link-local-ip=…,gw-priority=…`. */
function parseNetwork(text: string, flag = '--network'): Draft {
  if (!text.includes('=')) return emptyEndpoint(parseNetworkName(text, flag));
  const endpoint = emptyEndpoint('');
  for (const field of parseCsv(text, flag)) {
    const [, key = '', value = ''] = /^([^=]+)=(.*)$/.exec(field) ?? [];
    const use = fields[key.toLowerCase()];
    if (use === undefined)
      throw badFlag(flag, text, `${JSON.stringify(field)} cannot be read`, `Use ${Object.keys(fields).join(', ')}.`);
    use(endpoint, value, flag);
  }
  if (endpoint.network === '') throw badFlag(flag, text, 'the name is missing', 'Write name=NETWORK,….');
  return endpoint;
}

const fields: Readonly<Record<string, (endpoint: Draft, value: string, flag: string) => void>> = {
  name: (endpoint, value, flag) => (endpoint.network = parseNetworkName(value, flag)),
  alias: (endpoint, value) => endpoint.aliases.push(value),
  ip: (endpoint, value, flag) => (endpoint.ipv4 = address(value, flag)),
  ip6: (endpoint, value, flag) => (endpoint.ipv6 = address(value, flag)),
  'mac-address': (endpoint, value, flag) => (endpoint.macAddress = parseMac(value, flag)),
  'gw-priority': (endpoint, value, flag) =>
    (endpoint.gatewayPriority = parseInteger(value, flag, { from: -1_000_000, to: 1_000_000 })),
};

/** `NAME[:ALIAS]` */
export function parseLink(text: string, flag = '--link'): EndpointSettings['links'][number] {
  const [container = '', alias = container, ...more] = text.split(':');
  if (container !== '' && alias !== '' && more.length === 0) return { container, alias };
  throw badFlag(flag, text, 'it is not a link', 'Write CONTAINER or CONTAINER:ALIAS.');
}

export function emptyEndpoint(network: string): Draft {
  return { network, aliases: [], links: [] };
}

function address(text: string, flag: string): string {
  if (isAddress(text)) return text;
  throw badFlag(flag, text, 'it is not an IP address', 'Write one such as 172.28.5.10 or fd00::10.');
}

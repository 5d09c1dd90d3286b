/** Texts of the three files that every container gets of its own. */

import { nameServer } from './dns-rules.ts';

export interface HostsInput {
  hostname: string;
  domainname: string;
  /** The container's own; none without a network. */
  addresses: readonly string[];
  /** Lines as they are to be. */
  links: readonly { address: string; names: readonly string[] }[];
  /** `name:address`, as `--add-host` takes them; `host-gateway` stands for `gateway`. */
  extraHosts: readonly string[];
  /** The host's address, which is seldom asked for; empty when there is none. */
  gateway: () => string;
}

/** /etc/hosts with Docker's lines: loopback, the extra hosts, the container itself. */
export function hostsText(input: HostsInput): string {
  const lines = [
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::\tip6-localnet',
    'ff00::\tip6-mcastprefix',
    'ff02::1\tip6-allnodes',
    'ff02::2\tip6-allrouters',
  ];
  for (const entry of input.extraHosts) {
    const separator = /[:=]/.exec(entry)?.index ?? entry.length;
    const address = entry.slice(separator + 1);
    const found = address === 'host-gateway' ? input.gateway() : address;
    if (found !== '') lines.push(`${found}\t${entry.slice(0, separator)}`);
  }
  for (const { address, names } of input.links) lines.push(`${address}\t${names.join(' ')}`);
  const full = input.domainname === '' ? '' : `${input.hostname}.${input.domainname} `;
  for (const address of input.addresses) lines.push(`${address}\t${full}${input.hostname}`);
  return `${lines.join('\n')}\n`;
}

/** What a file of that form (hosts(5)) says of a name. */
export function hostsAddresses(text: string, name: string): string[] {
  const wanted = name.toLowerCase().replace(/\.$/, '');
  return text.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    return names.some((one) => one.toLowerCase() === wanted) ? [address] : [];
  });
}

export function hostnameText(hostname: string): string {
  return `${hostname}\n`;
}

export interface ResolverWishes {
  dns: readonly string[];
  dnsSearch?: readonly string[];
  dnsOptions?: readonly string[];
}

/**
 * /etc/resolv.conf: the servers, search domains and options asked for, else the guest's own (resolv.conf(5)).
 *
 * @param embedded names are looked up by the embedded server, which asks the others
 */
export function resolvConfText(
  { dns, dnsSearch = [], dnsOptions = [] }: ResolverWishes,
  guestText: string,
  embedded = false,
): string {
  const own = (word: string): string[] =>
    guestText.split('\n').filter((line) => line.trim().split(/\s/)[0] === word && line.trim() !== word);
  const domains = dnsSearch.filter((domain) => domain !== '.');
  const lines = [
    ...(embedded
      ? [`nameserver ${nameServer}`]
      : dns.length > 0
        ? dns.map((server) => `nameserver ${server}`)
        : own('nameserver')),
    ...(dnsSearch.length === 0 ? own('search') : domains.length === 0 ? [] : [`search ${domains.join(' ')}`]),
    ...(dnsOptions.length > 0 ? [`options ${dnsOptions.join(' ')}`] : embedded ? ['options ndots:0'] : own('options')),
  ];
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

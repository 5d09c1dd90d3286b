/** How a container's look-ups reach the agent. */

/** Docker's address of the embedded name server. */
export const nameServer = '127.0.0.11';
/** Where the agent really listens, above the ports that the kernel takes for outgoing connections: a container may have port 53 itself. */
export const nameServerPort = 61_053;

/** For `nft -f -` in the container's network namespace; replaces what is there. */
export function nameServerRules(): string {
  const lead = (protocol: string) =>
    `    ip daddr ${nameServer} ${protocol} dport 53 dnat to ${nameServer}:${nameServerPort}`;
  const lines = [
    ...['table ip berth', 'delete table ip berth', 'table ip berth {', '  chain output {'],
    '    type nat hook output priority -100; policy accept;',
    ...[lead('udp'), lead('tcp'), '  }', '}'],
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * Lines of a nat chain in the guest: who asks the guest's own name servers (containers on the default bridge and on the
 * host's network, the guest itself) is answered by the agent instead.
 */
export function guestNameRules(servers: readonly string[], address: string): string[] {
  if (servers.length === 0) return [];
  const to = `dnat ip to ${address}:${nameServerPort}`;
  return ['udp', 'tcp'].map((protocol) => `    ip daddr { ${servers.join(', ')} } ${protocol} dport 53 ${to}`);
}

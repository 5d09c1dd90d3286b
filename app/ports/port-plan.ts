/** From the ports that ought to be open and those that are to what has to change. Pure. */

export type Protocol = 'tcp' | 'udp';

/** One port of the host that leads to a port of the guest. */
export interface PortForward {
  readonly protocol: Protocol;
  /** A literal address of the host: `127.0.0.1`, `::1`, `0.0.0.0`, `::`. */
  readonly host: string;
  readonly hostPort: number;
  readonly guestPort: number;
  /** The container may listen on IPv6 alone: it has an address of that. */
  readonly ipv6?: boolean;
}

export interface PortChanges {
  readonly close: readonly PortForward[];
  readonly open: readonly PortForward[];
}

/** Close comes first: the same host port may be wanted for another target. */
export function portChanges(wanted: readonly PortForward[], active: readonly PortForward[]): PortChanges {
  const wantedKeys = new Set(wanted.map(fullKey));
  const activeKeys = new Set(active.map(fullKey));
  return {
    close: active.filter((forward) => !wantedKeys.has(fullKey(forward))),
    open: unique(wanted).filter((forward) => !activeKeys.has(fullKey(forward))),
  };
}

/** `-p 8080:80` without an address means both loopback addresses. */
export function hostAddresses(address: string): readonly string[] {
  if (address === '' || address === 'localhost') return ['127.0.0.1', '::1'];
  return [address.replace(/^\[(.*)\]$/, '$1')];
}

/** Two forwards of one host address and port cannot be at once. */
export function sameListener(a: PortForward, b: PortForward): boolean {
  return a.protocol === b.protocol && a.host === b.host && a.hostPort === b.hostPort;
}

function fullKey({ protocol, host, hostPort, guestPort, ipv6 = false }: PortForward): string {
  return `${protocol} ${host} ${hostPort} ${guestPort} ${ipv6}`;
}

function unique(forwards: readonly PortForward[]): PortForward[] {
  return [...new Map(forwards.map((forward) => [fullKey(forward), forward])).values()];
}

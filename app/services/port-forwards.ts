/** The host's side of published ports: the forwarder as the services see it. */

export interface WantedForward {
  readonly container: string;
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp';
  /** As asked: empty means all loopback families. */
  readonly hostAddress: string;
  /** 0: any free port. */
  readonly hostPort: number;
  /** The first free one from `hostPort` to this. */
  readonly hostPortEnd?: number;
  readonly guestPort: number;
  /** The container has an address of IPv6, too. */
  readonly ipv6?: boolean;
}

export interface ActiveForward extends WantedForward {
  readonly hostPort: number;
}

export interface PortForwards {
  /** Makes the forwards be exactly these, and tells those that could not be opened. */
  apply(
    wanted: readonly WantedForward[],
  ): Promise<readonly { readonly wanted: WantedForward; readonly error: Error }[]>;
  /** With the addresses and ports that were taken. */
  active(): readonly ActiveForward[];
  /** @throws EngineError `port-busy` naming the port and, where it is one of ours, the container. */
  requireFree(
    ports: readonly Pick<WantedForward, 'hostAddress' | 'hostPort' | 'hostPortEnd' | 'protocol'>[],
  ): Promise<void>;
  close(): Promise<void>;
}

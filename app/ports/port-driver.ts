/** What the forwarder needs to reach a port of the guest: either the hypervisor forwards, or bytes go by streams. */
import type { Duplex } from 'node:stream';
import type { Protocol } from './port-plan.ts';

export interface PortDriver {
  /**
   * Opens one connection to a TCP port of the guest.
   * @param either to the container that the port leads to, by IPv6 when it refuses by IPv4
   */
  connect(guestPort: number, either: boolean): Promise<Duplex>;
  /** Only where the hypervisor itself forwards (IPv4 addresses of the host). */
  readonly hostForwards?: {
    add(host: ForwardedAddress, guestPort: number): Promise<void>;
    remove(host: ForwardedAddress): Promise<void>;
  };
}

export interface ForwardedAddress extends HostAddress {
  readonly protocol: Protocol;
}

export interface HostAddress {
  readonly host: string;
  readonly port: number;
}

import type { Duplex } from 'node:stream';
import { networkMethods } from '../../guest-agent/protocol/index.ts';
import type { Guest } from './guest.ts';

/** For connections to published ports that pass through the host service: what a forwarder of ports asks for. */
export function connectPort(guest: Guest) {
  return async (guestPort: number, either: boolean): Promise<Duplex> => {
    if (!either) return guest.openPort(guestPort);
    const { stream } = await guest.call(networkMethods.open, { guestPort });
    return guest.openStream(stream);
  };
}

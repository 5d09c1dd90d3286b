import { networkInterfaces } from 'node:os';

/** Of the host's interfaces, as CIDRs: a container's network over one of them would hide a part of the host's world. */
export function hostSubnets(interfaces = networkInterfaces()): string[] {
  return Object.values(interfaces).flatMap((addresses) =>
    (addresses ?? []).flatMap(({ cidr }) => (cidr === null ? [] : [cidr])),
  );
}

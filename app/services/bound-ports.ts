import { networkMethods } from '../../guest-agent/protocol/index.ts';
import type { ContainerSpec, PortMapping } from '../../guest-agent/protocol/index.ts';
import type { Guest } from '../guest/guest.ts';

/** Published ports with the addresses at which the host will listen: networks may have one for those that name none. */
export async function boundPorts(
  { ports, namespaces, networks }: Pick<ContainerSpec, 'ports' | 'namespaces' | 'networks'>,
  guest: Guest,
  signal: AbortSignal,
): Promise<readonly PortMapping[]> {
  const all = [namespaces.network, ...(networks ?? []).map(({ network }) => network)];
  // The default network has no such option.
  const isNamed = ports.every(({ hostAddress }) => hostAddress !== '') || all.every((name) => name === 'bridge');
  if (isNamed) return ports;
  const { hostAddress } = await guest.call(
    networkMethods.hostBinding,
    { namespaces: { network: namespaces.network }, ...(networks !== undefined && { networks }) },
    { signal, repeat: true },
  );
  return ports.map((port) => ({ ...port, hostAddress: port.hostAddress || hostAddress }));
}

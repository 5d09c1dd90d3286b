/** By which of its networks a container's default route goes. */
import type { EndpointSettings } from '../protocol/container-spec.ts';

export interface Way {
  network: string;
  internal: boolean;
  priority: number;
}

/** Docker's order: the highest priority, then the name; a network without a way out never. */
export function gatewayNetwork(ways: readonly Way[]): string | undefined {
  const open = ways.filter(({ internal }) => !internal);
  return open.toSorted((a, b) => b.priority - a.priority || (a.network < b.network ? -1 : 1))[0]?.network;
}

/** Whether the word is the name of a network with a bridge of its own, and not a mode. */
export function isBridged(mode: string): boolean {
  return !mode.startsWith('container:') && mode !== 'host' && mode !== 'none';
}

/** Every network of a new container, that of its mode first. */
export function wantedNetworks(mode: string, given: readonly EndpointSettings[]): EndpointSettings[] {
  if (!isBridged(mode)) return [];
  const own = given.find(({ network }) => network === mode);
  const others = given.filter(({ network }) => network !== mode);
  return [own ?? { network: mode, aliases: [], links: [] }, ...others];
}

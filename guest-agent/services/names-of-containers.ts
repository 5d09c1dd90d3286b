/** Names as a container sees them, from the networks that it is on. */
import type { NameView, NamedMember } from '../plan/dns-zone.ts';
import type { Endpoint } from '../protocol/container.ts';
import { networksOf } from './container-networks.ts';
import type { Engine } from './engine.ts';
import { hostAddress } from './host-address.ts';
import { guestItself, type Names } from './name-server.ts';

export function namesOfContainers(engine: Pick<Engine, 'networks' | 'containers' | 'paths'>): Names {
  return {
    view: (id) => viewOf(engine, id),
    beyond: (id) => {
      if (id === guestItself) return 'host';
      const leadsOut = engine.networks.of(id).some(({ network }) => !network.record.internal);
      if (!leadsOut) return 'nobody';
      const servers = engine.containers.find(id)?.record.spec.dns ?? [];
      return servers.length > 0 ? servers : 'host';
    },
  };
}

function viewOf(
  { networks, containers, paths }: Pick<Engine, 'networks' | 'containers' | 'paths'>,
  id: string,
): NameView {
  const joined = networks.of(id).filter(({ network }) => !network.isDefault);
  const spec = containers.find(id)?.record.spec;
  const links = (spec === undefined ? [] : networksOf(spec)).flatMap((settings) => {
    const members = joined.find(({ network }) => network.record.name === settings.network)?.network.members;
    return settings.links.flatMap(({ container, alias }): NamedMember[] => {
      const endpoint = members?.get(containers.find(container)?.id ?? '');
      return endpoint === undefined ? [] : [memberOf(endpoint, [alias])];
    });
  });
  return {
    networks: joined.map(({ network }) => ({
      name: network.record.name,
      members: [...network.members.values()].map((endpoint) => memberOf(endpoint, endpoint.dnsNames ?? [])),
    })),
    links,
    host: hostAddress(paths),
  };
}

function memberOf({ ipv4, ipv6 }: Endpoint, names: readonly string[]): NamedMember {
  return { names, ipv4, ...(ipv6 !== undefined && { ipv6 }) };
}

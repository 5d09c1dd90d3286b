/** How a container is to be on its networks. */
import type { EndpointSettings } from '../../../guest-agent/protocol/container-spec.ts';
import type { CreateRequest, EndpointRequest } from './host-config.ts';

/** `container:alias`, or the name alone. */
function linkOf(text: string): EndpointSettings['links'][number] {
  const [container = '', alias = container] = text.split(':');
  return { container: container.replace(/^\//, ''), alias: alias.replace(/^.*\//, '') };
}

const nothing = { MacAddress: '', GwPriority: 0, Aliases: [], Links: [], IPAMConfig: null };

export function endpointSettings(network: string, request: EndpointRequest): EndpointSettings {
  const { MacAddress, GwPriority, Aliases, Links, IPAMConfig } = request ?? nothing;
  const given = {
    ipv4: IPAMConfig?.IPv4Address,
    ipv6: IPAMConfig?.IPv6Address,
    macAddress: MacAddress,
    gatewayPriority: GwPriority,
  };
  const said = Object.entries(given).filter(([, value]) => value !== undefined && value !== '' && value !== 0);
  return { network, aliases: Aliases, links: Links.map(linkOf), ...Object.fromEntries(said) };
}

/** Of a container that is on `primary`; where it has no network of its own, there is nothing to say. */
export function networksFrom({ HostConfig, NetworkingConfig }: CreateRequest, primary: string): EndpointSettings[] {
  if (['host', 'none'].includes(primary) || primary.startsWith('container:')) return [];
  const asked = Object.entries(NetworkingConfig.EndpointsConfig).map(([name, request]) =>
    endpointSettings(name === 'default' ? 'bridge' : name, request),
  );
  const links = HostConfig.Links.map(linkOf);
  if (links.length === 0) return asked;
  const own = asked.find(({ network }) => network === primary) ?? endpointSettings(primary, undefined);
  return [{ ...own, links: [...own.links, ...links] }, ...asked.filter(({ network }) => network !== primary)];
}

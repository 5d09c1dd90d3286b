/** Texts of the files that every container gets of its own: /etc/hosts, /etc/hostname, /etc/resolv.conf. */
import { readFileSync } from 'node:fs';
import type { ContainerContext } from '../plan/context.ts';
import { hostNames } from '../plan/dns-zone.ts';
import { hostnameText, hostsText, resolvConfText } from '../plan/hosts-file.ts';
import type { Endpoint } from '../protocol/container.ts';
import { EngineError } from '../protocol/errors.ts';
import { networksOf } from './container-networks.ts';
import type { Engine } from './engine.ts';
import { hostAddress } from './host-address.ts';
import type { Paths } from './paths.ts';
import type { ContainerRecord } from './records.ts';

type Subject = Pick<ContainerRecord, 'id' | 'name' | 'spec'>;

/** @throws EngineError `no-such-container`, `wrong-state` for links that lead nowhere */
export function containerFiles(
  engine: Engine,
  { id, name, spec }: Subject,
  { endpoints = [], draft }: { endpoints?: readonly Endpoint[]; draft: boolean },
): ContainerContext['files'] {
  const hostname = spec.hostname || id.slice(0, 12);
  const { domainname, extraHosts } = spec;
  const addresses = endpoints.flatMap(({ ipv4, ipv6 }) => (ipv6 === undefined ? [ipv4] : [ipv4, ipv6]));
  const links = draft ? [] : [...hostLine(engine, extraHosts, endpoints), ...defaultLinks(engine, name, spec)];
  return {
    hosts: hostsText({ hostname, domainname, extraHosts, links, gateway: () => hostAddress(engine.paths), addresses }),
    hostname: hostnameText(hostname),
    resolvConf: resolvConfText(spec, guestResolvConf(engine.paths), endpoints.some(isNamed)),
  };
}

/** On networks of users the embedded name server knows other containers. */
export const isNamed = ({ dnsNames }: Endpoint): boolean => dnsNames !== undefined;

/** The host's name, where the default bridge has no name server that knows it. */
function hostLine(
  { paths }: Engine,
  extraHosts: readonly string[],
  endpoints: readonly Endpoint[],
): { address: string; names: readonly string[] }[] {
  const address = endpoints.length === 0 || endpoints.some(isNamed) ? '' : hostAddress(paths);
  const names = hostNames.filter((name) => !extraHosts.some((entry) => entry.split(/[:=]/)[0] === name));
  return address === '' || names.length === 0 ? [] : [{ address, names }];
}

/** Links on the default bridge, which has no names of its own, are lines of the hosts file. */
function defaultLinks(engine: Engine, name: string, spec: Subject['spec']): { address: string; names: string[] }[] {
  const settings = networksOf(spec).find(({ network }) => engine.networks.get(network).isDefault);
  return (settings?.links ?? []).map(({ container: reference, alias }) => {
    const target = engine.containers.get(reference);
    const address = engine.networks.bridge.members.get(target.id)?.ipv4;
    if (address !== undefined) return { address, names: [...new Set([alias, target.id.slice(0, 12), target.name])] };
    throw new EngineError(
      'wrong-state',
      `Cannot link to a non running container: /${target.name} AS /${name}/${alias}`,
      {
        hint: 'Start it first; both must be on the default bridge.',
      },
    );
  });
}

export function guestResolvConf(paths: Paths): string {
  try {
    return readFileSync(paths.resolvConf, 'utf8');
  } catch {
    // The guest has no network yet, or none at all.
    return '';
  }
}

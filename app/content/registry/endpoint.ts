/** Where a registry's API is, and how it is spoken to. */
import type { ImageReference } from '../reference.ts';
import { DEFAULT_REGISTRY } from '../reference.ts';
import type { RegistrySettings } from './settings.ts';

/** `either`: HTTPS, and HTTP when the other side turns out to speak no TLS. */
export type Scheme = 'https' | 'http' | 'either';

export interface Endpoint {
  /** Host and port of the API. */
  readonly host: string;
  readonly scheme: Scheme;
  /** Path of the repository there. */
  readonly repository: string;
  /** What Docker stores credentials under. */
  readonly account: string;
  readonly isMirror: boolean;
}

const HUB_API = 'registry-1.docker.io';
/** The key of Docker Hub in Docker's configuration and credential helpers. */
export const HUB_ACCOUNT = 'https://index.docker.io/v1/';

/** The name by which Docker stores credentials for a registry; what people type for it is accepted. */
export function accountOf(server: string): string {
  const host = server
    .replace(/^https?:\/\//, '')
    .replace(/\/.*$/, '')
    .toLowerCase();
  return ['', DEFAULT_REGISTRY, 'index.docker.io', HUB_API].includes(host) ? HUB_ACCOUNT : host;
}

/** How people name the registry of an account. */
export function registryOf(account: string): string {
  return account === HUB_ACCOUNT ? DEFAULT_REGISTRY : account;
}

export function endpointOf(
  { registry, repository }: Pick<ImageReference, 'registry' | 'repository'>,
  settings: RegistrySettings,
): Endpoint {
  const host = registry === DEFAULT_REGISTRY ? HUB_API : registry;
  return { host, scheme: schemeOf(host, settings), repository, account: accountOf(registry), isMirror: false };
}

/** Where to look for an image: the mirrors of its registry, then the registry itself. */
export function endpointsOf(reference: ImageReference, settings: RegistrySettings): Endpoint[] {
  const mirrors = (settings.mirrors[reference.registry] ?? []).map((address): Endpoint => {
    const { protocol, host, pathname } = new URL(address);
    const prefix = pathname.replaceAll(/^\/+|\/+$/g, '');
    const scheme = protocol === 'http:' ? 'http' : schemeOf(host, settings);
    const repository = prefix === '' ? reference.repository : `${prefix}/${reference.repository}`;
    return { host, scheme, repository, account: accountOf(host), isMirror: true };
  });
  return [...mirrors, endpointOf(reference, settings)];
}

export function schemeOf(host: string, { insecure, plainHttp }: RegistrySettings): Scheme {
  if (lists(plainHttp, host)) return 'http';
  return lists(insecure, host) || isLoopback(host) ? 'either' : 'https';
}

/** True where a host is listed with its port, or without any. */
export function lists(hosts: readonly string[], host: string): boolean {
  return hosts.some((listed) => listed === host || listed === withoutPort(host));
}

export function withoutPort(host: string): string {
  return host.replace(/:[0-9]+$/, '');
}

function isLoopback(host: string): boolean {
  const name = withoutPort(host);
  return name === 'localhost' || name === '[::1]' || /^127\.[0-9]+\.[0-9]+\.[0-9]+$/.test(name);
}

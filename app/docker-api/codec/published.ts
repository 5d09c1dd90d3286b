/** Published ports in Docker's two forms. */
import type { HostApi } from '../../contract/host-api.ts';

export type PublishedPort = Awaited<ReturnType<HostApi['containers']['ports']>>[number];

export type Bindings = Record<string, { HostIp: string; HostPort: string }[] | null>;

/** By `80/tcp`; `exposed` ones that are not published are null. */
export function bindingsOf(ports: readonly PublishedPort[], exposed: readonly string[] = []): Bindings {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const { containerPort, protocol, hostAddress, hostPort } of ports)
    (bindings[`${containerPort}/${protocol}`] ??= []).push({
      HostIp: hostAddress,
      HostPort: hostPort === 0 ? '' : String(hostPort),
    });
  return { ...Object.fromEntries(exposed.map((key) => [key, null])), ...bindings };
}

interface PortRow {
  readonly IP?: string;
  readonly PrivatePort: number;
  /** Exposed ones that are not published have none. */
  readonly PublicPort?: number;
  readonly Type: string;
}

export function portRows(ports: readonly PublishedPort[], exposed: readonly string[]): PortRow[] {
  const published = ports.map(({ containerPort, protocol, hostAddress, hostPort }) => ({
    ...(hostAddress !== '' && { IP: hostAddress }),
    PrivatePort: containerPort,
    PublicPort: hostPort,
    Type: protocol,
  }));
  const open = new Set(published.map(({ PrivatePort, Type }) => `${PrivatePort}/${Type}`));
  const others = exposed.filter((key) => !open.has(key)).map((key) => key.split('/'));
  return [...published, ...others.map(([port, Type = 'tcp']) => ({ PrivatePort: Number(port), Type }))];
}

import type { HostApi } from '../../contract/host-api.ts';
import type { ListView } from '../format/list.ts';

export type PublishedPort = Awaited<ReturnType<HostApi['containers']['ports']>>[number];

/** `127.0.0.1:8080->80/tcp, [::1]:8080->80/tcp, 81/tcp`: exposed ones that are not published stand alone. */
export function describePorts(ports: readonly PublishedPort[], exposed: readonly string[] = []): string {
  const keys = ports.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`);
  const published = ports.map((port, index) => `${address(port)}->${keys[index] ?? ''}`);
  return [...published, ...exposed.filter((key) => !keys.includes(key))].join(', ');
}

export function address({ hostAddress, hostPort }: PublishedPort): string {
  return `${hostAddress.includes(':') ? `[${hostAddress}]` : hostAddress}:${hostPort}`;
}

export const portView: ListView<PublishedPort> = {
  columns: ['containerPort', 'protocol', 'hostAddress', 'hostPort'],
  titles: {
    containerPort: 'CONTAINER PORT',
    protocol: 'PROTOCOL',
    hostAddress: 'HOST ADDRESS',
    hostPort: 'HOST PORT',
  },
};

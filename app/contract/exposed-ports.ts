import type { ContainerSpec } from '../../guest-agent/protocol/container-spec.ts';
import type { ContainerInfo } from '../../guest-agent/protocol/container.ts';

/**
 * `80/tcp`: exposed and published ones, each once.
 * @param image what the image exposes, for specifications that were made before they told it themselves
 */
export function exposedPorts(
  { exposedPorts: own, ports }: Pick<ContainerSpec, 'exposedPorts' | 'ports'>,
  image: readonly string[] = [],
): string[] {
  const exposed = own ?? image.map((key) => (key.includes('/') ? key : `${key}/tcp`));
  return [...new Set([...exposed, ...ports.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`)])];
}

/** Of one that runs on networks: elsewhere they are the machine's, or another container's. */
export function reachablePorts({ spec, endpoints }: ContainerInfo, image: readonly string[] = []): string[] {
  return endpoints.length === 0 ? [] : exposedPorts(spec, image);
}

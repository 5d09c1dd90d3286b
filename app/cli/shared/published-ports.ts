import type { ContainerInfo } from '../../../guest-agent/protocol/container.ts';
import type { ControlClient } from '../../control/client.ts';
import type { PublishedPort } from '../views/ports.ts';

/** None for a container that publishes nothing or does not run. */
export async function publishedPorts({ api }: ControlClient, info: ContainerInfo): Promise<readonly PublishedPort[]> {
  const live = info.state.status === 'running' || info.state.status === 'paused';
  return live && info.spec.ports.length > 0 ? api.containers.ports({ id: info.id }) : [];
}

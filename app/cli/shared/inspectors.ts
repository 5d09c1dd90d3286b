import type { ControlClient } from '../../control/client.ts';
import { containerInspect } from '../views/container-inspect.ts';
import { imageInspect } from '../views/image-inspect.ts';
import { networkInspect } from '../views/network-row.ts';
import { volumeInspect } from '../views/volume-row.ts';
import { publishedPorts } from './published-ports.ts';

export type Kind = 'container' | 'image' | 'volume' | 'network';

export interface InspectRequest {
  readonly name: string;
  readonly size: boolean;
}

/** How each kind is looked up and shown. @throws EngineError `no-such-…` */
export const inspectors: Readonly<Record<Kind, (client: ControlClient, request: InspectRequest) => Promise<object>>> = {
  container: async (client, { name, size }) => {
    const info = await client.api.containers.inspect({ id: name });
    const written = size ? await client.api.containers.size({ id: info.id }) : undefined;
    return containerInspect(info, await publishedPorts(client, info), written?.writableBytes);
  },
  image: async ({ api }, { name }) => imageInspect(await api.images.inspect({ reference: name })),
  volume: async ({ api }, { name }) => volumeInspect(await api.volumes.inspect({ name })),
  network: async ({ api }, { name }) => {
    const network = await api.networks.inspect({ network: name });
    const containers = network.containers.length === 0 ? [] : await api.containers.list({ all: false });
    return networkInspect(network, containers);
  },
};

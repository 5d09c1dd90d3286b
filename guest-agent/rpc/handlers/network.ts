import type { Handlers } from '../../protocol/method.ts';
import type { networkMethods } from '../../protocol/network.ts';
import { connectContainer, disconnectContainer, hostBinding } from '../../services/container-networks.ts';
import type { Engine } from '../../services/engine.ts';
import { pruneNetworks } from '../../services/network-prune.ts';
import { portProxy } from '../../streams/port-proxy.ts';

export function networkHandlers(engine: Engine): Handlers<typeof networkMethods, AbortSignal> {
  const { networks, streams } = engine;
  return {
    list: () => networks.list(),
    inspect: ({ network }) => networks.inspect(network),
    create: (request) => networks.create(request),
    remove: async ({ network }) => {
      await networks.remove(network);
      return {};
    },
    prune: async (filter) => ({ names: await pruneNetworks(networks, filter) }),
    connect: async ({ container, endpoint }) => {
      await connectContainer(engine, container, endpoint);
      return {};
    },
    disconnect: async (params) => {
      await disconnectContainer(engine, params);
      return {};
    },
    published: () => networks.ports.list(),
    hostBinding: (spec) => ({ hostAddress: hostBinding(engine, spec) }),
    open: ({ guestPort }) => {
      const { addresses, port } = networks.ports.target(guestPort);
      return { stream: streams.offer(portProxy(addresses, port)) };
    },
  };
}

import type { layerMethods } from '../../protocol/layer.ts';
import type { Handlers } from '../../protocol/method.ts';
import type { Engine } from '../../services/engine.ts';

export function layerHandlers({ layers }: Engine): Handlers<typeof layerMethods, AbortSignal> {
  return {
    missing: (params) => ({ missing: layers.missing(params.layers) }),
    put: (params) => layers.put(params),
    commit: async ({ layer }) => {
      await layers.commit(layer);
      return {};
    },
    copy: async (params, signal) => {
      await layers.copy(params, signal);
      return {};
    },
    list: () => layers.list(),
    verify: ({ layer }) => layers.verify(layer),
    drop: (params) => layers.drop(params.layers),
  };
}

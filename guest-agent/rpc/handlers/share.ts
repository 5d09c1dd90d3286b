import type { Handlers } from '../../protocol/method.ts';
import type { shareMethods } from '../../protocol/share.ts';
import type { Engine } from '../../services/engine.ts';

export function shareHandlers({ shares }: Engine): Handlers<typeof shareMethods, AbortSignal> {
  return {
    mount: async (params) => {
      await shares.mount(params);
      return {};
    },
    list: () => shares.list(),
  };
}

import type { engineSocketMethods } from '../../protocol/engine-socket.ts';
import type { Handlers } from '../../protocol/method.ts';
import type { Engine } from '../../services/engine.ts';

export function engineSocketHandlers({ engineSocket }: Engine): Handlers<typeof engineSocketMethods, AbortSignal> {
  return {
    take: () => {
      const stream = engineSocket.take();
      return stream === undefined ? {} : { stream };
    },
  };
}

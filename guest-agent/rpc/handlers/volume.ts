import type { Handlers } from '../../protocol/method.ts';
import type { volumeMethods } from '../../protocol/volume.ts';
import type { Engine } from '../../services/engine.ts';

export function volumeHandlers({ volumes, trash }: Engine): Handlers<typeof volumeMethods, AbortSignal> {
  return {
    // A name made up for a user's own volume is no mark of an anonymous one: that goes with its container.
    create: ({ name, labels, options }) => volumes.inspect(volumes.create(name, { labels, options }, false).name),
    list: () => volumes.list(),
    inspect: ({ name }) => volumes.inspect(name),
    size: async ({ name }) => ({ bytes: await volumes.size(name) }),
    remove: async ({ name, force }) => {
      volumes.remove(name, force);
      await trash.makeRoom();
      return {};
    },
  };
}

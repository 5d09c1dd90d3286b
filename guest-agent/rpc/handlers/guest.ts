import type { guestMethods } from '../../protocol/guest.ts';
import type { Handlers } from '../../protocol/method.ts';
import type { Engine } from '../../services/engine.ts';
import { diskInfo, memoryInfo, setTime, trimDisk } from '../../services/guest-info.ts';
import { guestProcesses } from '../../services/processes.ts';

/** `shutdown` is the composition root's: it ends the agent too. */
export function guestHandlers(
  engine: Engine,
  shutdown: (timeoutSeconds: number) => Promise<void>,
): Handlers<typeof guestMethods, AbortSignal> {
  return {
    processes: () => guestProcesses(engine.paths),
    unshare: async (params) => (await import('../../services/unshare.ts')).unshare(engine, params),
    memory: () => memoryInfo(engine.paths),
    disk: () => diskInfo(engine),
    ready: async () => {
      const { startAutomatic } = await import('../../services/container-automatic.ts');
      engine.shares.ready();
      void startAutomatic(engine);
      return {};
    },
    trim: async () => {
      await trimDisk(engine);
      return {};
    },
    setTime: async ({ timeNano }) => {
      await setTime(timeNano);
      return {};
    },
    shutdown: async ({ timeoutSeconds }) => {
      await shutdown(timeoutSeconds);
      return {};
    },
  };
}

import { EngineError } from '../base/error.ts';
import type { HostApi, MachineInfo } from '../contract/index.ts';
import { isDown } from './engine-state.ts';
import type { Machine } from './machine-services.ts';
import type { MachineRegistry } from './machine-settings.ts';

export interface MachinesApiParts {
  readonly registry: MachineRegistry;
  readonly machine: (name: string) => Machine;
  /** Forgets what the service holds of a machine. */
  readonly forget: (name: string) => void;
}

/** @param own the machine that the connection is bound to; `set` changes it */
export function machinesApi(own: string, parts: MachinesApiParts): HostApi<AbortSignal>['machines'] {
  const { registry } = parts;
  const info = async (name: string): Promise<MachineInfo> => ({
    name,
    settings: await registry.settings(name),
    state: parts.machine(name).engine.state,
    hostBytes: await registry.hostBytes(name),
  });
  return {
    list: async () => Promise.all((await registry.list()).map(info)),
    set: (change) => registry.change(own, onlyGiven(change)),
    remove: async ({ name }) => {
      if (!(await registry.list()).includes(name))
        throw new EngineError('no-such-machine', `There is no machine named ${JSON.stringify(name)}.`, {
          hint: 'See which there are with "berth machine ls".',
        });
      const { engine } = parts.machine(name);
      if (!isDown(engine.state)) await engine.stop(false);
      await registry.remove(name);
      parts.forget(name);
      return {};
    },
  };
}

function onlyGiven<T extends object>(change: T): Partial<T> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as Partial<T>;
}

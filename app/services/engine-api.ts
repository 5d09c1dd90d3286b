import type { DoctorCheck, HostApi } from '../contract/index.ts';
import type { Machine } from './machine-services.ts';
import { Shells } from './shell.ts';
import type { StreamTokens } from './stream-tokens.ts';

export interface EngineApiParts {
  readonly machine: Machine;
  readonly tokens: StreamTokens;
  /** Before the first start of a service: what comes with the product is imported. */
  readonly beforeStart: (signal?: AbortSignal) => Promise<void>;
  readonly doctor: (machine: Machine, retryAccelerators: boolean) => Promise<DoctorCheck[]>;
  /** Of a machine that does not run. */
  readonly lastConsole: (machine: string, lines: number) => Promise<string>;
}

export function engineApi(parts: EngineApiParts): HostApi<AbortSignal>['engine'] {
  const { machine, tokens } = parts;
  const { engine } = machine;
  const shells = new Shells(tokens);
  return {
    state: () => Promise.resolve(engine.state),
    start: async (_, signal) => {
      await parts.beforeStart(signal);
      return engine.start(signal);
    },
    stop: async ({ force }) => {
      await engine.stop(force);
      return {};
    },
    doctor: ({ retryAccelerators }) => parts.doctor(machine, retryAccelerators),
    console: async ({ lines }) => {
      const console = engine.running?.vm.console;
      return { text: console === undefined ? await parts.lastConsole(machine.name, lines) : console.tail(lines) };
    },
    shell: async (request, signal) => ({ stream: await shells.open(await engine.session(signal), request) }),
    signalShell: ({ stream, signal }) => {
      shells.signal(stream, signal);
      return Promise.resolve({});
    },
  };
}

/** The agent's methods: each group with its handlers; and what is left of them when there is no data disk. */
import { archiveMethods, layerArchiveMethods } from '../protocol/archive.ts';
import { containerMethods } from '../protocol/container.ts';
import { engineSocketMethods } from '../protocol/engine-socket.ts';
import { EngineError } from '../protocol/errors.ts';
import { explainMethods } from '../protocol/explain.ts';
import { execMethods } from '../protocol/exec.ts';
import { guestMethods } from '../protocol/guest.ts';
import { handshakeMethods } from '../protocol/handshake.ts';
import { layerMethods } from '../protocol/layer.ts';
import type { Method } from '../protocol/method.ts';
import { networkMethods } from '../protocol/network.ts';
import { shareMethods } from '../protocol/share.ts';
import { volumeMethods } from '../protocol/volume.ts';
import type { Engine } from '../services/engine.ts';
import { endpoints, type Dispatch, type Endpoint } from './dispatch.ts';
import { archiveHandlers } from './handlers/archive.ts';
import { explainHandlers } from './handlers/explain.ts';
import { containerHandlers } from './handlers/container.ts';
import { engineSocketHandlers } from './handlers/engine-socket.ts';
import { execHandlers } from './handlers/exec.ts';
import { guestHandlers } from './handlers/guest.ts';
import { handshakeHandlers, type AgentFacts } from './handlers/handshake.ts';
import { layerHandlers } from './handlers/layer.ts';
import { networkHandlers } from './handlers/network.ts';
import { shareHandlers } from './handlers/share.ts';
import { volumeHandlers } from './handlers/volume.ts';

export type Shutdown = (timeoutSeconds: number) => Promise<void>;

export interface Readiness {
  readonly shutdown: Shutdown;
  /** The host has got its answer to `hello`. */
  readonly greeted: () => void;
}

export function fullDispatch(engine: Engine, facts: AgentFacts, { shutdown, greeted }: Readiness): Dispatch {
  return new Map([
    ...endpoints(handshakeMethods, handshakeHandlers(facts, greeted)),
    ...endpoints(containerMethods, containerHandlers(engine)),
    ...endpoints({ ...archiveMethods, ...layerArchiveMethods }, archiveHandlers(engine)),
    ...endpoints(explainMethods, explainHandlers(engine)),
    ...endpoints(execMethods, execHandlers(engine)),
    ...endpoints(layerMethods, layerHandlers(engine)),
    ...endpoints(networkMethods, networkHandlers(engine)),
    ...endpoints(volumeMethods, volumeHandlers(engine)),
    ...endpoints(shareMethods, shareHandlers(engine)),
    ...endpoints(engineSocketMethods, engineSocketHandlers(engine)),
    ...endpoints(guestMethods, guestHandlers(engine, shutdown)),
  ]);
}

/** Greeting, heartbeat and power work without a data disk; all else tells what is wrong with it. */
export function rescueDispatch(facts: AgentFacts, failure: string, shutdown: Shutdown): Dispatch {
  const refuse: Endpoint = () =>
    Promise.reject(
      new EngineError('data-disk-corrupt', `The machine’s data disk cannot be used: ${failure}.`, {
        hint: 'Restart the machine; if that does not help, give it up with "berth machine rm" (images stay).',
      }),
    );
  const groups = [
    containerMethods,
    archiveMethods,
    explainMethods,
    layerArchiveMethods,
    execMethods,
    layerMethods,
    networkMethods,
    volumeMethods,
    shareMethods,
    engineSocketMethods,
    guestMethods,
  ];
  const names = groups.flatMap((group) =>
    Object.values<Pick<Method<never, never>, 'name'>>(group).map(({ name }) => name),
  );
  const powerOff: Endpoint = async () => {
    await shutdown(0);
    return {};
  };
  return new Map([
    ...names.map((name): [string, Endpoint] => [name, refuse]),
    [guestMethods.shutdown.name, powerOff],
    ...endpoints(handshakeMethods, handshakeHandlers(facts)),
  ]);
}

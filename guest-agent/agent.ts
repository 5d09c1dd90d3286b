/** One agent: its services behind its socket. The composition root gives it the kernel; tests give it a recording one. */
import { randomUUID } from 'node:crypto';
import { availableParallelism, release, totalmem } from 'node:os';
import { EngineError } from './protocol/errors.ts';
import { protocolVersion } from './protocol/version.ts';
import type { AgentFacts } from './rpc/handlers/handshake.ts';
import { serveControl } from './rpc/connection.ts';
import { fullDispatch, rescueDispatch, type Shutdown } from './rpc/server.ts';
import { stopWatching } from './services/container-exit.ts';
import type { Engine } from './services/engine.ts';
import { Events } from './services/events.ts';
import { warmUp } from './services/warm-up.ts';
import { StreamRegistry } from './streams/registry.ts';
import { StreamServer } from './streams/server.ts';

export interface AgentOptions {
  readonly socketPath: string;
  readonly agentVersion: string;
  /** As Node names processors. */
  readonly arch: string;
  readonly bootId: string;
  /** Opens the services; what it throws is told to the host as the data disk's failure. */
  readonly open: () => Promise<Engine>;
  /** After everything has stopped. */
  readonly powerOff: () => Promise<void>;
  /** Called when all has been done that the first container would wait for. */
  readonly onPrepared?: () => void;
  readonly log: (line: string) => void;
}

export interface Agent {
  /** Undefined when the data disk cannot be used. */
  readonly engine: Engine | undefined;
  /** Stops serving and closes the store; containers run on. */
  close(): Promise<void>;
}

export async function startAgent(options: AgentOptions): Promise<Agent> {
  const opened = await openOrReason(options);
  const engine = opened instanceof Error ? undefined : opened;
  const failure = opened instanceof Error ? opened.message.replace(/\.$/, '') : undefined;
  const facts = factsOf(options, failure);
  const shutdown = orderlyEnd(options, engine);
  const dispatch =
    engine === undefined
      ? rescueDispatch(facts, failure ?? 'unknown', shutdown)
      : fullDispatch(engine, facts, { shutdown, greeted: once(() => prepare(engine, options)) });
  const events = engine?.events ?? new Events();
  const server = new StreamServer({
    registry: engine?.streams ?? new StreamRegistry(),
    onControl: (socket) =>
      serveControl(socket, {
        dispatch,
        ...(engine !== undefined && { onPeer: (call) => engine.hostNames.add(call) }),
        subscribe: (listener) => events.subscribe(listener),
        onInternalError: (method, error) => options.log(`${method}: ${describe(error)}`),
      }),
  });
  await server.listen(options.socketPath);
  const close = async (): Promise<void> => {
    await server.close();
    if (engine === undefined) return;
    stopWatching(engine);
    engine.nameServer.closeAll();
    engine.engineSocket.close();
    engine.store.close();
  };
  return { engine, close };
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}

/**
 * What the first container needs, once the host has its greeting: before, it would keep the host waiting. Whoever starts a
 * container on the bridge waits for it; a failure is tried again then, and told.
 */
function prepare(engine: Engine, { log, onPrepared }: AgentOptions): void {
  const named = async (): Promise<void> => {
    await engine.networks.ready();
    await engine.nameServer.openForGuest(engine.networks.bridge.gateways[0]?.gateway ?? '');
  };
  named().catch((error: unknown) => log(`the bridge: ${describe(error)}`));
  warmUp(engine)
    .then(onPrepared)
    .catch((error: unknown) => log(`warming up: ${describe(error)}`));
}

async function openOrReason({ open, log }: AgentOptions): Promise<Engine | Error> {
  try {
    return await open();
  } catch (error) {
    log(`the services cannot start: ${describe(error)}`);
    return error instanceof Error ? error : new EngineError('data-disk-corrupt', String(error));
  }
}

function orderlyEnd({ powerOff, log }: AgentOptions, engine: Engine | undefined): Shutdown {
  let ending: Promise<void> | undefined;
  const end = async (timeoutSeconds: number): Promise<void> => {
    if (engine !== undefined) {
      const { stopAll } = await import('./services/power.ts');
      await stopAll(engine, timeoutSeconds);
    }
    // The answer is on its way before the connection goes down with the guest.
    setImmediate(() => void powerOff().catch((error: unknown) => log(`power off: ${describe(error)}`)));
  };
  return (timeoutSeconds) => (ending ??= end(timeoutSeconds));
}

function factsOf({ agentVersion, arch, bootId }: AgentOptions, dataDiskFailure: string | undefined): AgentFacts {
  return {
    protocolVersion,
    agentVersion,
    agentInstance: randomUUID(),
    bootId,
    kernel: release(),
    architecture: arch === 'arm64' ? 'arm64' : 'amd64',
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    ...(dataDiskFailure !== undefined && { dataDiskFailure }),
  };
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

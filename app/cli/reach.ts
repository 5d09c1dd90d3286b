/** Gets a connection to the host service, with as much of the engine running as the command needs. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ControlClient } from '../control/client.ts';
import { EngineError } from '../base/error.ts';
import { ownStateDirs } from '../base/platform.ts';
import type { Context, Need } from './context.ts';
import { version } from './version.ts';

export interface Reach {
  readonly context: Context;
  readonly need: Need;
  readonly quiet: boolean;
}

export async function reach({ context, need, quiet }: Reach): Promise<ControlClient> {
  if (need === 'running') return connectTo(context).catch(stoppedWhenUnreachable);
  const client = await connectOrStart(context);
  if (need === 'engine') {
    const { ensureEngine } = await import('./ensure-engine.ts');
    await ensureEngine(client, context, quiet);
  }
  return client;
}

/** @throws EngineError `unreachable` when no host service runs. */
export async function connectTo(context: Context): Promise<ControlClient> {
  const { controlSocket } = ownStateDirs();
  // Node's sockets take a tenth of its start-up: they are not loaded to find that there is nothing to connect to.
  if (!controlSocket.startsWith('\\\\.\\pipe\\') && !existsSync(controlSocket))
    throw new EngineError('unreachable', `No host service answers at ${controlSocket}.`, {
      hint: 'Start it with "berth start".',
    });
  const { connectControl } = await import('../control/client.ts');
  return connectControl({ socketPath: controlSocket, machine: context.globals.machine, clientVersion: version });
}

async function connectOrStart(context: Context): Promise<ControlClient> {
  try {
    const client = await connectTo(context);
    await client.hello;
    return client;
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'unreachable') throw error;
  }
  const { connectOrSpawn } = await import('../control/spawn.ts');
  const dirs = ownStateDirs();
  return connectOrSpawn({
    socketPath: dirs.controlSocket,
    machine: context.globals.machine,
    clientVersion: version,
    command: hostCommand(context.env),
    logFile: join(dirs.state, 'host.log'),
  });
}

/**
 * Bytes on their way lie in buffers outside the heap, each held by a small object that is only dropped when the young
 * generation is full: a small one keeps a pull's or an unpacking's memory at a few megabytes.
 */
const smallYoungGeneration = '--max-semi-space-size=1';

/** The headless host service: bundled beside this file, or its source in a checkout; `BERTH_HOST` names another script. */
function hostCommand(env: NodeJS.ProcessEnv): [string, ...string[]] {
  const script = env['BERTH_HOST'];
  if (script !== undefined && script !== '') return [process.execPath, smallYoungGeneration, script];
  const candidates = ['./host.mjs', '../host/main.ts'].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  const found = candidates.find((path) => existsSync(path));
  if (found !== undefined) return [process.execPath, smallYoungGeneration, found];
  throw new EngineError('no-such-path', `The host service is missing: there is no ${candidates[0] ?? ''}.`, {
    hint: 'Build or install Berth again.',
  });
}

function stoppedWhenUnreachable(error: unknown): never {
  if (error instanceof EngineError && error.code === 'unreachable')
    throw new EngineError('engine-stopped', 'The engine is not running.', {
      hint: 'Start it with "berth start".',
      cause: error,
    });
  throw error;
}

/**
 * The host service without a window: one per user. It listens on the control socket, writes its log to the state folder,
 * and ends by SIGTERM, SIGINT or `service.shutdown`, after stopping its machines in order.
 */
import { lock } from 'proper-lockfile';
import { join } from 'node:path';
import { EngineError } from '../base/error.ts';
import { openLog } from '../base/log.ts';
import { hostFacts, ownStateDirs } from '../base/platform.ts';
import { privateFolder } from '../base/private-folder.ts';
import { removeStaleSocket } from '../base/stale-socket.ts';
import { serveControl } from '../control/server.ts';
import { compose } from './compose.ts';
import { locate } from './locate.ts';
import { sayReady } from './ready.ts';

const foreground = process.argv.includes('--foreground');

try {
  await serve();
  sayReady({ ok: true });
  if (foreground)
    process.stdout.write(`The host service (process ${process.pid}) listens at ${ownStateDirs().controlSocket}\n`);
} catch (error) {
  const code = error instanceof EngineError ? error.code : 'internal';
  const message = error instanceof Error ? error.message : String(error);
  sayReady({ ok: false, code, message });
  process.stderr.write(`berth: ${message}\n`);
  process.exit(1);
}

async function serve(): Promise<void> {
  const facts = hostFacts();
  const dirs = ownStateDirs();
  for (const folder of [dirs.data, dirs.state, dirs.cache, dirs.runtime]) await privateFolder(folder, facts.uid);
  const log = openLog({ file: join(dirs.state, 'host.log') });
  // A caller that has read the first word may close its ends.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  process.on('uncaughtException', (error) => {
    log.error({ err: error }, 'the host service ends by an error');
    process.exit(1);
  });
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'a failure that nobody waited for'));
  // Of services that start at the same time one opens the stores and listens; the others find that it does.
  const release = await lock(dirs.runtime, { stale: 2000, retries: { retries: 150, factor: 1, minTimeout: 100 } });
  let ending: Promise<void> | undefined;
  const begin = async () => {
    if (facts.os !== 'win32') await removeStaleSocket(dirs.controlSocket);
    const made = await compose({ facts, dirs, resources: locate(facts.arch, process.env), env: process.env, log });
    return {
      composed: made,
      docker: await made.serveDocker(),
      server: await serveControl({
        socketPath: dirs.controlSocket,
        facts,
        service: made.host,
        onInternalError: (method, error) => log.error({ method, err: error }, 'a call failed'),
        onShutdown: endOnce,
      }),
    };
  };
  const end = async (): Promise<void> => {
    const { composed, docker, server } = await begun;
    await composed.host.shutdown();
    await docker[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    composed[Symbol.dispose]();
    log.info('the host service has ended');
    process.exit(0);
  };
  const endOnce = () => void (ending ??= end());
  const begun = begin();
  const { composed } = await begun.finally(release);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, endOnce);
  log.info({ socket: dirs.controlSocket, version: composed.host.version }, 'the host service listens');
}

/** The host service's control socket: one per user, for that user alone. */
import { chmod } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { once } from 'node:events';
import { dirname } from 'node:path';
import type { HostFacts } from '../base/platform.ts';
import { privateFolder } from '../base/private-folder.ts';
import { serveConnection } from './connection.ts';
import type { ConnectionOptions } from './connection.ts';
import { readPreamble } from '../../guest-agent/wire/preamble.ts';
import { removeStaleSocket } from '../base/stale-socket.ts';

export interface ControlServerOptions extends ConnectionOptions {
  /** A unix socket, or a named pipe on Windows. */
  readonly socketPath: string;
  readonly facts: Pick<HostFacts, 'os' | 'uid'>;
}

/** Milliseconds that a peer has for its first line. */
const preambleTime = 5000;

/**
 * Listens in a folder of mode 0700, on a socket of mode 0600.
 * @throws EngineError `in-use` when another host service answers there.
 */
export async function serveControl(options: ControlServerOptions): Promise<AsyncDisposable> {
  const { socketPath, facts } = options;
  if (facts.os !== 'win32') {
    await privateFolder(dirname(socketPath), facts.uid);
    await removeStaleSocket(socketPath);
  }
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    void welcome(socket, options);
  });
  server.listen(socketPath);
  await once(server, 'listening');
  if (facts.os !== 'win32') await chmod(socketPath, 0o600);
  return { [Symbol.asyncDispose]: () => close(server, open) };
}

async function welcome(socket: Socket, options: ConnectionOptions): Promise<void> {
  // Until something else listens, a peer that breaks off must not end the process.
  socket.on('error', () => socket.destroy());
  const preamble = await readPreamble(socket, preambleTime);
  if (preamble?.kind === 'control') serveConnection(socket, options);
  else if (preamble?.kind === 'stream') serveStream(socket, options.service.takeStream(preamble.token));
  else socket.destroy();
}

function serveStream(socket: Socket, open: ((stream: Socket) => void) | undefined): void {
  if (open === undefined) socket.destroy();
  else open(socket);
}

async function close(server: Server, open: ReadonlySet<Socket>): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const socket of open) socket.destroy();
  await closed;
}

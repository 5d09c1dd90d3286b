/** The Docker API for containers: what connects to the guest's socket of it is joined to this host's own. */
import { once } from 'node:events';
import { realpath } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { posix } from 'node:path';
import { engineSocketMethods } from '../../guest-agent/protocol/index.ts';
import { join } from '../base/streams.ts';
import type { Log } from '../base/log.ts';
import type { Guest } from '../guest/guest.ts';

/** Where Docker's own socket is. To mount it means the engine that is asked, whatever this host has there. */
const usualPlaces = ['/var/run/docker.sock', '/run/docker.sock'];

/** @param own the machine's Docker socket */
export async function isEngineSocket(source: string, own: string): Promise<boolean> {
  // On Windows a shell takes a path for its own unless it begins with two slashes.
  const plain = posix.normalize(source.replace(/^\/+/, '/'));
  if (usualPlaces.includes(plain) || source === own) return true;
  const [real, ownReal] = await Promise.all([source, own].map((path) => realpath(path).catch(() => undefined)));
  return real !== undefined && real === ownReal;
}

/** Takes connections as long as the guest tells of them. */
export function carryEngineSocket(guest: Guest, own: string, log: Log): void {
  const failed = (error: unknown) => {
    log.warn({ err: error }, 'a container did not reach the Docker API');
  };
  const takeAll = async () => {
    for (;;) {
      const { stream } = await guest.call(engineSocketMethods.take, {});
      if (stream === undefined) return;
      carry(guest, stream, own).catch(failed);
    }
  };
  guest.onChanged(({ kind }) => {
    if (kind === 'engine-socket') takeAll().catch(failed);
  });
  // Those of the time in between.
  guest.onStatus(({ kind }) => {
    if (kind === 'connected') takeAll().catch(failed);
  });
}

async function carry(guest: Guest, token: string, own: string): Promise<void> {
  const stream = await guest.openStream(token);
  try {
    await join(stream, await connected(own));
  } finally {
    stream.destroy();
  }
}

async function connected(path: string): Promise<Socket> {
  const socket = connect({ path, allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import ssh2, { type Client, type ConnectConfig } from 'ssh2';
import { asError, withDeadline } from '../base/deadline.ts';
import { EngineError } from '../base/error.ts';

export interface SshAddress {
  readonly host: string;
  readonly port: number;
}

export interface SshIdentity {
  readonly username: string;
  /** OpenSSH private key, not encrypted. */
  readonly privateKey: string;
  /** The one host key that is accepted: `ssh-ed25519 BASE64 …`. */
  readonly hostKey: string;
}

/**
 * First what costs a processor with AES instructions least, which the emulated one has, too. Both ciphers carry their
 * own authentication, so no MAC is chosen. `none` stands for no compression.
 */
const ALGORITHMS = {
  kex: ['curve25519-sha256'],
  serverHostKey: ['ssh-ed25519'],
  cipher: ['aes128-gcm@openssh.com', 'chacha20-poly1305@openssh.com'],
  compress: ['none'],
} satisfies ConnectConfig['algorithms'];

const HANDSHAKE_LIMIT = 20_000;
const KEEPALIVE_INTERVAL = 5000;
const KEEPALIVES_MISSED = 6;

/**
 * Logs in once. No agent, no configuration file, no known_hosts: only what is passed.
 * @param greeting milliseconds that the server has for its first byte
 * @throws EngineError `permission-denied` when a key is refused on either side (trying again is useless), else
 * `unreachable` with the cause.
 */
export async function sshSession(
  address: SshAddress,
  identity: SshIdentity,
  greeting: number,
  signal: AbortSignal,
): Promise<Client> {
  const pinned = hostKeyBlob(identity.hostKey);
  const sock = await greetedSocket(address, greeting, signal);
  const client = new ssh2.Client();
  let impostor = false;
  const { promise, resolve, reject } = Promise.withResolvers<Client>();
  const fail = (cause: Error & { level?: string }) => {
    sock.destroy();
    reject(impostor ? notOurGuest(address, cause) : loginError(cause));
  };
  const stop = () => fail(new Error('given up'));
  const closed = () => fail(new Error('it closed the connection'));
  client.once('ready', () => resolve(client));
  client.on('error', fail);
  client.once('close', closed);
  signal.addEventListener('abort', stop, { once: true });
  client.connect({
    sock,
    username: identity.username,
    privateKey: identity.privateKey,
    hostVerifier: (key: Buffer) => !(impostor = !key.equals(pinned)),
    algorithms: ALGORITHMS,
    authHandler: ['publickey'],
    readyTimeout: HANDSHAKE_LIMIT,
    keepaliveInterval: KEEPALIVE_INTERVAL,
    keepaliveCountMax: KEEPALIVES_MISSED,
  });
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', stop);
    client.removeListener('error', fail);
    client.removeListener('close', closed);
    // Until the caller listens, and once the connection is given up, errors have nobody to go to.
    client.on('error', () => undefined);
  }
}

/**
 * A connection on which the server has begun to speak. QEMU accepts connections for a guest that does not listen yet
 * and then tries its side at growing intervals, so a silent connection is worth less than a new one.
 */
async function greetedSocket(address: SshAddress, limit: number, signal: AbortSignal): Promise<Socket> {
  const socket = connect({ ...address, noDelay: true });
  socket.on('error', () => undefined);
  const greeted = async (over: AbortSignal) => {
    const ended = once(socket, 'close', { signal: over }).then(() => {
      throw new Error('it closed the connection');
    });
    await Promise.race([once(socket, 'readable', { signal: over }), ended]);
    if (socket.readableLength === 0) throw new Error('it closed the connection');
  };
  try {
    await withDeadline("The greeting of the guest's ssh server", limit, greeted, signal);
    return socket;
  } catch (error) {
    socket.destroy();
    signal.throwIfAborted();
    throw loginError(asError(error));
  }
}

function loginError(cause: Error & { level?: string }): EngineError {
  if (cause.level === 'client-authentication')
    return new EngineError('permission-denied', "The guest does not accept the machine's key.", { cause });
  return new EngineError('unreachable', `The guest's ssh server does not answer: ${cause.message}`, { cause });
}

function notOurGuest(address: SshAddress, cause: Error): EngineError {
  return new EngineError('permission-denied', `The ssh server at port ${address.port} is not this machine's guest.`, {
    hint: "Its host key differs from the machine's own. Restart the machine.",
    cause,
  });
}

function hostKeyBlob(line: string): Buffer {
  const key = ssh2.utils.parseKey(line);
  if (key instanceof Error)
    throw new EngineError('invalid-argument', "The machine's host key cannot be read.", { cause: key });
  return key.getPublicSSH();
}

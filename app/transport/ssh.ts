/** Streams to the guest as channels of one ssh connection. */
import type { Duplex } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import { delay, withDeadline } from '../base/deadline.ts';
import { Listeners } from '../base/disposable.ts';
import { EngineError } from '../base/error.ts';
import { sshSession, type SshAddress, type SshIdentity } from './ssh-session.ts';
import type { ExecOptions, GuestProcess, GuestShell, StreamTarget, Transport } from './transport.ts';

export interface SshOptions {
  readonly address: SshAddress;
  readonly identity: SshIdentity;
  /** Unix socket of the agent in the guest. */
  readonly agentSocket: string;
  /** Milliseconds to go on trying, as the guest's server comes up. */
  readonly limit: number;
  readonly signal?: AbortSignal;
}

const RETRY_PAUSE = 50;
/** Milliseconds for the server's first byte, in the first attempt and at most: an emulated guest may be busy. */
const FIRST_GREETING = 1000;
const LAST_GREETING = 8000;
const GREETING_GROWTH = 1.3;

/**
 * Connects, trying again while the guest boots.
 * @throws EngineError `permission-denied` when a key is refused; `unreachable` with the last cause when time is up.
 */
export async function connectSsh(options: SshOptions): Promise<SshTransport> {
  let last: unknown;
  const attempts = async (over: AbortSignal): Promise<Client> => {
    for (let greeting = FIRST_GREETING; ; greeting = Math.min(greeting * GREETING_GROWTH, LAST_GREETING)) {
      try {
        return await sshSession(options.address, options.identity, greeting, over);
      } catch (error) {
        if (over.aborted || (error instanceof EngineError && error.code === 'permission-denied')) throw error;
        last = error;
      }
      await delay(RETRY_PAUSE, over);
    }
  };
  try {
    const client = await withDeadline('Connecting to the guest by ssh', options.limit, attempts, options.signal);
    return new SshTransport(client, options.agentSocket);
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'timeout' || !(last instanceof Error)) throw error;
    throw new EngineError('unreachable', `${error.message} ${last.message}`, {
      hint: 'See the guest’s console with "berth console".',
      cause: last,
    });
  }
}

export class SshTransport implements Transport, GuestShell {
  readonly #client: Client;
  readonly #agentSocket: string;
  readonly #closed = new Listeners<Error | undefined>();
  #cause: Error | undefined;
  #asked = false;
  #gone = false;

  constructor(client: Client, agentSocket: string) {
    this.#client = client;
    this.#agentSocket = agentSocket;
    client.on('error', (error) => (this.#cause = error));
    client.once('close', () => {
      this.#gone = true;
      this.#closed.emit(this.#asked ? undefined : (this.#cause ?? new Error('the guest ended the ssh connection')));
    });
  }

  async openStream(target: StreamTarget, signal?: AbortSignal): Promise<Duplex> {
    const what = target.kind === 'agent' ? "the agent's socket" : `port ${target.port} of the guest`;
    return this.#channel(
      what,
      (done) => {
        if (target.kind === 'agent') this.#client.openssh_forwardOutStreamLocal(this.#agentSocket, done);
        else this.#client.forwardOut('127.0.0.1', 0, '127.0.0.1', target.port, done);
      },
      signal,
    );
  }

  async exec(command: string, { terminal }: ExecOptions): Promise<GuestProcess> {
    const pty = terminal && { cols: terminal.columns, rows: terminal.rows, term: terminal.term };
    const { promise: exited, resolve } = Promise.withResolvers<{ code: number | null; signal: string | null }>();
    // Listened to in the very call that opens the channel: a short command's end may be in the same packet.
    const channel = await this.#channel('a shell', (done) =>
      this.#client.exec(command, pty === undefined ? {} : { pty }, (error, opened) => {
        if (error === undefined) {
          opened.once('exit', (code: number | null, signal?: string) => resolve({ code, signal: signal ?? null }));
          opened.once('close', () => resolve({ code: null, signal: null }));
        }
        done(error, opened);
      }),
    );
    return {
      stdio: channel,
      stderr: channel.stderr,
      exited,
      resize: ({ columns, rows }) => channel.setWindow(rows, columns, 0, 0),
      signal: (name) => sendSignal(channel, name),
    };
  }

  onClose(listener: (cause: Error | undefined) => void): Disposable {
    return this.#closed.add(listener);
  }

  async close(): Promise<void> {
    this.#asked = true;
    if (this.#gone) return;
    const closed = new Promise<void>((resolve) => this.#client.once('close', () => resolve()));
    this.#client.end();
    await closed;
  }

  async #channel(
    what: string,
    open: (done: (error: Error | undefined, channel: ClientChannel) => void) => void,
    signal?: AbortSignal,
  ): Promise<ClientChannel> {
    signal?.throwIfAborted();
    if (this.#gone) throw new EngineError('unreachable', 'The connection to the guest is closed.');
    const { promise, resolve, reject } = Promise.withResolvers<ClientChannel>();
    const lost = () => reject(new EngineError('unreachable', `The guest went away while ${what} was opened.`));
    this.#client.once('close', lost);
    const stop = () => reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
    signal?.addEventListener('abort', stop, { once: true });
    open((error, channel) => {
      if (error !== undefined)
        reject(new EngineError('unreachable', `The guest did not open ${what}: ${error.message}`, { cause: error }));
      else if (signal?.aborted === true) channel.destroy();
      else resolve(channel);
    });
    try {
      return await promise;
    } finally {
      this.#client.removeListener('close', lost);
      signal?.removeEventListener('abort', stop);
    }
  }
}

/** `ClientChannel.signal` says nothing once our side's end was sent; the protocol allows it until the channel closes. */
function sendSignal(channel: ClientChannel, name: string): void {
  const { outgoing, _client: client } = channel as unknown as {
    outgoing: { id: number; state: string };
    _client: { _protocol: { signal(id: number, name: string): void } };
  };
  if (outgoing.state === 'open' || outgoing.state === 'eof') client._protocol.signal(outgoing.id, name);
}

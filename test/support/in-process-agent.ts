/**
 * The guest agent whole, in this process: its services, store, streams and RPC over a real socket, in a temporary folder.
 * Only the kernel is played: a program is what {@link PlayedKernel} makes of its argv.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { zstdCompressSync } from 'node:zlib';
import { createMessageConnection, type MessageConnection } from 'vscode-jsonrpc/node';
import { startAgent, type Agent } from '../../guest-agent/agent.ts';
import { fromWireError } from '../../guest-agent/protocol/errors.ts';
import { changedNotification, type ChangedEvent } from '../../guest-agent/protocol/event.ts';
import { layerMethods } from '../../guest-agent/protocol/layer.ts';
import type { Method } from '../../guest-agent/protocol/method.ts';
import { formatPreamble } from '../../guest-agent/protocol/stream-format.ts';
import { StreamReader, StreamWriter } from '../../guest-agent/wire/json-rpc-io.ts';
import { openEngine } from '../../guest-agent/services/compose.ts';
import type { Paths } from '../../guest-agent/services/paths.ts';
import { PlayedKernel } from './played-kernel.ts';

/** One control connection, typed by the contract; results are checked against it too. */
export class Client {
  readonly connection: MessageConnection;
  readonly events: ChangedEvent[] = [];
  readonly #path: string;
  readonly #socket: Socket;

  constructor(path: string) {
    this.#path = path;
    this.#socket = connect(path);
    this.#socket.on('error', () => undefined);
    this.#socket.write(formatPreamble({ kind: 'control' }));
    this.connection = createMessageConnection(new StreamReader(this.#socket), new StreamWriter(this.#socket));
    this.connection.onNotification(changedNotification, (event: ChangedEvent) => void this.events.push(event));
    this.connection.listen();
  }

  async call<P, R>(method: Method<P, R>, params: P): Promise<R> {
    const { parse } = await import('valibot');
    let result: unknown;
    try {
      result = await this.connection.sendRequest(method.name, params);
    } catch (error) {
      throw error instanceof Error && 'data' in error ? fromWireError(error.data) : error;
    }
    return parse(method.result, result);
  }

  stream(token: string): Socket {
    const socket = connect({ path: this.#path, allowHalfOpen: true });
    socket.on('error', () => undefined);
    socket.write(formatPreamble({ kind: 'stream', token }));
    return socket;
  }

  /** Sends a layer whole, as the host does. */
  async sendLayer(layer: string, content: Buffer): Promise<void> {
    const contentDigest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
    const { stream, offset } = await this.call(layerMethods.put, { layer, sizeBytes: content.length, contentDigest });
    const socket = this.stream(stream);
    socket.end(zstdCompressSync(content.subarray(offset)));
    await buffer(socket);
    await this.call(layerMethods.commit, { layer });
  }

  close(): void {
    this.#socket.destroy();
  }
}

export class InProcessAgent {
  readonly folder = mkdtempSync(join(tmpdir(), 'berth-agent-'));
  readonly paths: Paths = {
    data: join(this.folder, 'data'),
    run: join(this.folder, 'run'),
    cgroups: join(this.folder, 'cgroup'),
    proc: '/proc',
    interfaces: join(this.folder, 'net'),
    resolvConf: join(this.folder, 'resolv.conf'),
  };
  readonly socketPath = join(this.folder, 'agent.sock');
  kernel = new PlayedKernel();
  powerOffs = 0;
  readonly lines: string[] = [];
  #agent: Agent | undefined;
  readonly #clients: Client[] = [];

  /** `boot` tells one boot of the guest from another. */
  async start(boot = 'first boot'): Promise<this> {
    for (const folder of [this.paths.data, this.paths.run, this.paths.cgroups]) mkdirSync(folder, { recursive: true });
    const open = () =>
      openEngine({
        paths: this.paths,
        effects: this.kernel,
        bootId: boot,
        facts: () => ({
          ...{ cpus: 2, memoryNodes: 1, memoryBytes: 2 ** 30, pageSize: 4096, swap: true, ioWeight: true },
          architecture: 'amd64',
          kernel: '6.12.0',
        }),
      });
    this.#agent = await startAgent({
      socketPath: this.socketPath,
      agentVersion: '0.1.0',
      arch: 'x64',
      bootId: boot,
      open,
      powerOff: () => {
        this.powerOffs += 1;
        return Promise.resolve();
      },
      log: (line) => void this.lines.push(line),
    });
    return this;
  }

  get engine(): NonNullable<Agent['engine']> {
    if (this.#agent?.engine === undefined) throw new Error(`the agent has no services: ${this.lines.join('\n')}`);
    return this.#agent.engine;
  }

  client(): Client {
    const client = new Client(this.socketPath);
    this.#clients.push(client);
    return client;
  }

  /** As when the agent is killed: nothing is told to anybody. */
  async stop(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.close();
    await this.#agent?.close();
    this.#agent = undefined;
  }

  async dispose(): Promise<void> {
    await this.stop();
    rmSync(dirname(this.socketPath), { recursive: true, force: true, maxRetries: 3 });
  }
}

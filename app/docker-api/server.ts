/** A machine's Docker socket: HTTP in, routes, replies out. */
import { chmod } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { dirname } from 'node:path';
import type { Duplex } from 'node:stream';
import { duplexPair } from 'node:stream';
import { EngineError } from '../base/error.ts';
import type { Log } from '../base/log.ts';
import { privateFolder } from '../base/private-folder.ts';
import { removeStaleSocket } from '../base/stale-socket.ts';
import type { DockerFacts, Engine, Reply } from './api.ts';
import type { Api, DockerHost } from './docker-host.ts';
import { apiError } from './codec/error.ts';
import { newestMinor, splitVersion } from './codec/version.ts';
import { EventLog } from './event-log.ts';
import { PendingAttaches } from './pending-attaches.ts';
import { commonHeaders, writeReply } from './reply.ts';
import { queryOf, readJson, targetOf } from './request.ts';
import { Router } from './router.ts';
import { routes } from './routes/index.ts';
import { Unstarted } from './unstarted.ts';
import { isOurs, takeBody, writeUpgraded } from './upgrade.ts';

export interface DockerApiOptions {
  readonly host: DockerHost;
  readonly machine: string;
  readonly socketPath: string;
  readonly facts: DockerFacts & { readonly uid: number };
  readonly log: Log;
  readonly plainArchive: Engine['plainArchive'];
}

/** Longer than clients keep idle connections. */
const keepAliveMs = 120_000;
/** Go's limit, so dockerd's: what names many images in one request has a long first line. */
const maxHeadBytes = 2 ** 20;
const router = new Router(routes);

/** Listens on a socket of mode 0600; the machine is booted by the first request that needs it. */
export async function serveDockerApi(options: DockerApiOptions): Promise<AsyncDisposable> {
  const { socketPath, facts } = options;
  if (facts.os !== 'win32') {
    await privateFolder(dirname(socketPath), facts.uid);
    await removeStaleSocket(socketPath);
  }
  const api = new DockerApi(options);
  const open = new Set<Duplex>();
  const server = createServer({
    ...{ keepAliveTimeout: keepAliveMs, requestTimeout: 0, shouldUpgradeCallback: isOurs, maxHeaderSize: maxHeadBytes },
  });
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  server.on('request', (request, response) => void api.answer(request, response));
  server.on('upgrade', (request, socket, head) => void api.upgrade(request, socket, head));
  server.on('clientError', refuseGarbage);
  server.listen(socketPath);
  await once(server, 'listening');
  if (facts.os !== 'win32') await chmod(socketPath, 0o600);
  return { [Symbol.asyncDispose]: () => close(server, open, api) };
}

function refuseGarbage(_: Error, socket: Duplex): void {
  const body = `${JSON.stringify({ message: 'the request is not HTTP' })}\n`;
  if (socket.writable)
    socket.write(
      `HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
  socket.destroy();
}

async function close(server: Server, open: ReadonlySet<Duplex>, api: Disposable): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const socket of open) socket.destroy();
  api[Symbol.dispose]();
  await closed;
}

interface Asked {
  readonly request: IncomingMessage;
  /** Of an upgraded request, which was read already. */
  readonly body?: Uint8Array;
  readonly signal: AbortSignal;
}

class DockerApi implements Disposable {
  readonly #host: DockerHost;
  readonly #engine: Engine;

  constructor({ host, machine, facts, log, plainArchive }: DockerApiOptions) {
    this.#host = host;
    const events = new EventLog(host, machine);
    const pending = new PendingAttaches();
    const unstarted = new Unstarted();
    events.onEvent((message) => {
      pending.note(message);
      unstarted.note(message);
    });
    this.#engine = {
      ...{ machine, facts, log, plainArchive, events, pending, unstarted },
      version: host.version,
      onHostEvent: (listener) => host.onEvent(listener),
      openStream: (token) => openStream(host, token),
    };
  }

  [Symbol.dispose](): void {
    this.#engine.events[Symbol.dispose]();
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const left = new AbortController();
    for (const stream of [request, response]) stream.on('error', () => undefined);
    response.once('close', () => left.abort(new EngineError('cancelled', 'The client has left.')));
    for (const [name, value] of Object.entries(commonHeaders(this.#engine.version))) response.setHeader(name, value);
    const { reply } = await this.#reply({ request, signal: left.signal });
    if (response.destroyed) return;
    await writeReply(response, reply.kind === 'websocket' ? notAnUpgrade : reply, left.signal);
  }

  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const left = new AbortController();
    socket.on('error', () => socket.destroy());
    socket.once('close', () => left.abort(new EngineError('cancelled', 'The client has left.')));
    const upgrading = { request, socket, head, version: this.#engine.version };
    const { signal } = left;
    const { reply, minor } = await takeBody(upgrading).then(
      (body) => this.#reply({ request, body, signal }),
      (error: unknown) => ({ reply: errorReply(error), minor: newestMinor }),
    );
    if (!socket.destroyed) await writeUpgraded(upgrading, reply, { minor, signal });
  }

  /** Never rejects. */
  async #reply(asked: Asked): Promise<{ reply: Reply; minor: number }> {
    let subject = '';
    let minor = newestMinor;
    try {
      const { path, search } = targetOf(asked.request.url ?? '/');
      const versioned = splitVersion(path);
      ({ minor } = versioned);
      const { route, params } = router.find(asked.request.method ?? '', versioned.path);
      subject = params['id'] ?? params['name'] ?? '';
      const api = await this.#host.open(this.#engine.machine);
      if (route.needsEngine) await ensureRunning(api, asked.signal);
      const { request, body, signal } = asked;
      const reply = await route.handle({
        ...{ engine: this.#engine, api, minor, params, signal, headers: request.headers, body: request },
        query: queryOf(search),
        json: () => readJson(request, body),
      });
      return { reply, minor };
    } catch (error) {
      if (!(error instanceof EngineError)) this.#engine.log.error({ err: error }, 'a request to the Docker API failed');
      return { reply: errorReply(error, subject), minor };
    }
  }
}

async function ensureRunning(api: Api, signal: AbortSignal): Promise<void> {
  const { status } = await api.engine.state({});
  if (status !== 'running') await api.engine.start({}, signal);
}

function errorReply(error: unknown, subject = ''): Reply & { kind: 'json' } {
  const { status, message } = apiError(error, subject);
  return { kind: 'json', status, body: { message } };
}

const notAnUpgrade: Reply & { kind: 'json' } = {
  kind: 'json',
  status: 400,
  body: { message: 'this endpoint is reached by a websocket' },
};

function openStream(host: DockerHost, token: string): Duplex {
  const opener = host.takeStream(token);
  if (opener === undefined) throw new EngineError('no-such-stream', 'The stream was not opened in time.');
  const [ours, theirs] = duplexPair();
  // A pair passes on its ends, but not that one side is gone.
  ours.once('close', () => theirs.destroy());
  // Who reads is told; that nobody does must not end the service.
  ours.on('error', () => undefined);
  theirs.once('close', () => {
    if (!theirs.writableFinished) ours.destroy(new EngineError('unreachable', 'The stream was cut.'));
  });
  opener(theirs);
  return ours;
}

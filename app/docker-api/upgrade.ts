/** Connections that become pipes: the `tcp` of Docker's clients, and websockets. */
import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, createWebSocketStream } from 'ws';
import { refusal } from './codec/error.ts';
import type { Reply } from './api.ts';
import { commonHeaders, upgradedHead, writeReply } from './reply.ts';

const longestBody = 2 ** 20;
const sockets = new WebSocketServer({ noServer: true, maxPayload: 16 * 2 ** 20, perMessageDeflate: false });

export interface Upgrading {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What came behind the head. */
  readonly head: Buffer;
  readonly version: string;
}

/** Other protocols (h2c of BuildKit and of curl) are answered as if nobody had asked for them. */
export function isOurs({ headers }: IncomingMessage): boolean {
  return ['tcp', 'websocket'].includes((headers.upgrade ?? '').toLowerCase());
}

/** A request's body belongs to the request still; what follows it is put back. @throws EngineError when it is too long */
export async function takeBody({ request, socket, head }: Upgrading): Promise<Buffer> {
  const length = Number(request.headers['content-length'] ?? 0);
  if (!Number.isInteger(length) || length < 0 || length > longestBody) throw refusal(400, 'the body is too long');
  let seen = head;
  while (seen.length < length) {
    const chunk = await nextChunk(socket);
    if (chunk === undefined) throw refusal(400, 'the body ended early');
    seen = Buffer.concat([seen, chunk]);
  }
  if (seen.length > length) socket.unshift(seen.subarray(length));
  return seen.subarray(0, length);
}

function nextChunk(socket: Duplex): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const done = (chunk?: Buffer): void => {
      socket.pause();
      for (const event of ['end', 'close']) socket.off(event, none);
      socket.off('data', done);
      resolve(chunk);
    };
    const none = (): void => done();
    socket.on('data', done).once('end', none).once('close', none).resume();
  });
}

export async function writeUpgraded(
  upgrading: Upgrading,
  reply: Reply,
  how: { readonly minor: number; readonly signal: AbortSignal },
): Promise<void> {
  const { request, socket, version } = upgrading;
  const isSocket = (request.headers.upgrade ?? '').toLowerCase() === 'websocket';
  if (reply.kind === 'websocket' && isSocket) return acceptWebSocket(upgrading, reply.serve);
  if (reply.kind === 'pipe' && !isSocket) {
    socket.write(upgradedHead(reply.tty, how.minor, version));
    return reply.serve(socket);
  }
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  for (const [name, value] of Object.entries(commonHeaders(version))) response.setHeader(name, value);
  response.assignSocket(socket as never);
  // What the client still says is passed over: unread, it would keep the connection.
  response.once('finish', () => socket.resume().end());
  const plain = reply.kind === 'websocket' || reply.kind === 'pipe' ? noUpgrade : reply;
  await writeReply(response, plain, how.signal);
}

const noUpgrade: Reply & { kind: 'json' } = {
  kind: 'json',
  status: 400,
  body: { message: 'this endpoint cannot be reached by that upgrade' },
};

async function acceptWebSocket(
  { request, socket }: Upgrading,
  serve: (stream: Duplex) => Promise<void>,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<Duplex>();
  sockets.handleUpgrade(request, socket, Buffer.alloc(0), (client) => resolve(createWebSocketStream(client)));
  socket.once('close', () => resolve(socket));
  await serve(await promise);
}

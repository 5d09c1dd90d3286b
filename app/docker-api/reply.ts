/** Writes a Reply to the connection that asked. */
import type { ServerResponse } from 'node:http';
import { Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Reply } from './api.ts';
import { newestVersion } from './codec/version.ts';

const rawStream = 'application/vnd.docker.raw-stream';
const framedStream = 'application/vnd.docker.multiplexed-stream';

/** On every answer, so that clients learn the version by any of them. */
export function commonHeaders(version: string): Record<string, string> {
  return {
    'Api-Version': newestVersion,
    'Docker-Experimental': 'false',
    Ostype: 'linux',
    Server: `Berth/${version} (linux)`,
  };
}

type Plain = Exclude<Reply, { kind: 'websocket' }>;

/** Never rejects: a client that has left is no failure. */
export async function writeReply(response: ServerResponse, reply: Plain, signal: AbortSignal): Promise<void> {
  switch (reply.kind) {
    case 'json':
      end(response, reply.status, { 'Content-Type': 'application/json', ...reply.headers }, reply.body);
      return;
    case 'empty':
      response.writeHead(reply.status, reply.headers).end();
      return;
    case 'text':
      response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8', ...reply.headers }).end(reply.text);
      return;
    case 'stream':
      response.writeHead(200, { 'Content-Type': reply.type, ...reply.headers }).flushHeaders();
      return pipeline(Readable.from(reply.bytes), response, { signal }).catch(() => void response.destroy());
    case 'pipe':
      return pipeOverHttp(response, reply);
  }
}

function end(response: ServerResponse, status: number, headers: Record<string, string>, body: unknown): void {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, { ...headers, 'Content-Length': String(Buffer.byteLength(text)) }).end(text);
}

/** A client that asked for no upgrade: its request's body is the input, the answer's body the output. */
async function pipeOverHttp(response: ServerResponse, { tty, serve }: Extract<Reply, { kind: 'pipe' }>): Promise<void> {
  response.shouldKeepAlive = false;
  response.useChunkedEncodingByDefault = false;
  response.writeHead(200, { 'Content-Type': tty ? rawStream : framedStream }).flushHeaders();
  const client = Duplex.from({ readable: response.req, writable: response });
  client.on('error', () => undefined);
  await serve(client);
}

/** The head of the answer to `Upgrade: tcp`. */
export function upgradedHead(tty: boolean, minor: number, version: string): string {
  // Until 1.41 the framed stream had the raw one's name.
  const type = tty || minor < 42 ? rawStream : framedStream;
  const headers = { 'Content-Type': type, Connection: 'Upgrade', Upgrade: 'tcp', ...commonHeaders(version) };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 101 UPGRADED\r\n${lines.join('')}\r\n`;
}

/** A registry on loopback that serves OCI layouts and does to single requests what a test says. */
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { OciDescriptor } from '../../app/content/oci.ts';

export interface Asked {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** What has come of its body. */
  readonly received: readonly Buffer[];
}

/** What happens to a request; nothing: it is served. */
export interface Deed {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer;
  /** Breaks the connection after as many bytes of the body; 0: without an answer. */
  readonly cutAfter?: number;
  /** Breaks the connection, without an answer, once that much of the request's body is there. */
  readonly cutRequestAfter?: number;
  /** Sends as many bytes of the body, and the rest once `until` is there. */
  readonly holdAfter?: number;
  readonly until?: Promise<unknown>;
}

export interface FakeRegistry {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  /** All requests so far, in order. */
  readonly asked: readonly Asked[];
  /** Requests whose path has this in it. */
  to(part: string): readonly Asked[];
}

interface Test {
  after(fn: () => Promise<void>): void;
}

/** @param layout folder whose images are served under every repository, by tag or digest */
export async function fakeRegistry(
  t: Test,
  layout: string,
  deed: (asked: Asked, registry: FakeRegistry) => Deed | undefined = () => undefined,
): Promise<FakeRegistry> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    // A proxy is asked for whole URLs.
    const path = (request.url ?? '').replace(/^https?:\/\/[^/]*/, '');
    const received: Buffer[] = [];
    const one = { method: request.method ?? '', path, headers: request.headers, received };
    asked.push(one);
    const done: Deed = { ...served(layout, one), ...deed(one, registry) };
    const { cutRequestAfter = Infinity } = done;
    let left = cutRequestAfter;
    request.on('data', (piece: Buffer) => {
      received.push(piece.subarray(0, left));
      left -= piece.length;
      if (left <= 0) request.destroy();
    });
    if (cutRequestAfter === Infinity) request.once('end', () => void answer(response, one.method, done));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const registry: FakeRegistry = {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    to: (part) => asked.filter(({ path }) => path.includes(part)),
  };
  return registry;
}

async function answer(response: ServerResponse, method: string, deed: Deed): Promise<void> {
  const { status = 200, headers = {}, body = '', cutAfter, holdAfter, until } = deed;
  const bytes = Buffer.from(body);
  if (cutAfter === 0) {
    response.destroy();
    return;
  }
  const length = 'transfer-encoding' in headers ? {} : { 'content-length': String(bytes.length) };
  response.writeHead(status, { ...length, ...headers });
  if (method === 'HEAD') response.end();
  else if (cutAfter !== undefined) response.write(bytes.subarray(0, cutAfter), () => response.destroy());
  else {
    if (holdAfter !== undefined) response.write(bytes.subarray(0, holdAfter));
    await until;
    response.end(bytes.subarray(holdAfter ?? 0));
  }
}

function served(layout: string, { path, headers }: Asked): Deed {
  const [, kind, name = ''] = /^\/v2\/.+\/(manifests|blobs)\/([^/?]+)$/.exec(path) ?? [];
  if (kind === undefined) return { status: path === '/v2/' ? 200 : 404 };
  const digest = name.startsWith('sha256:') ? name : firstOf(layout);
  const file = join(layout, 'blobs/sha256', digest.replace('sha256:', ''));
  if (!existsSync(file))
    return { status: 404, body: '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}' };
  const body = readFileSync(file);
  if (kind === 'blobs') return ranged(body, headers.range);
  return { headers: { 'docker-content-digest': digest, 'content-type': mediaType(body) }, body };
}

function ranged(body: Buffer, range = ''): Deed {
  const start = Number(/^bytes=([0-9]+)-$/.exec(range)?.[1] ?? 0);
  if (start === 0) return { body };
  const told = `bytes ${start}-${body.length - 1}/${body.length}`;
  return { status: 206, headers: { 'content-range': told }, body: body.subarray(start) };
}

/** What every tag stands for. */
function firstOf(layout: string): string {
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as { manifests: OciDescriptor[] };
  return index.manifests[0]?.digest ?? '';
}

function mediaType(document: Buffer): string {
  return (JSON.parse(document.toString()) as { mediaType: string }).mediaType;
}

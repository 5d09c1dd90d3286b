import type { IncomingMessage } from 'node:http';
import { readAll } from '../base/streams.ts';
import { parseJson, type Query } from './codec/decode.ts';
import { refusal } from './codec/error.ts';

const bodyLimit = 8 * 2 ** 20;

export function queryOf(search: string): Query {
  const params = new URLSearchParams(search);
  return {
    text: (name) => params.get(name) ?? '',
    has: (name) => params.has(name),
    all: (name) => params.getAll(name),
  };
}

export interface Target {
  readonly path: string;
  readonly search: string;
}

/** The request's target as it was sent: names keep their escapes until they are cut out of it. */
export function targetOf(url: string): Target {
  const [path = '', ...rest] = (url.startsWith('/') ? url : new URL(url, 'http://docker').pathname).split('?');
  return { path: path.replace(/\/{2,}/g, '/'), search: rest.join('?') };
}

/** A missing body is an empty object only where the caller says so. @throws EngineError with Docker's words */
export async function readJson(request: IncomingMessage, body: Uint8Array | undefined): Promise<unknown> {
  const bytes = body ?? (await readAll(request, bodyLimit));
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (bytes.length > 0 && type !== 'application/json')
    throw refusal(400, `unsupported Content-Type header (${type ?? ''}): must be 'application/json'`);
  return parseJson(Buffer.from(bytes).toString('utf8'));
}

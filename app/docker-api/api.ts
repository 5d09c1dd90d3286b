/**
 * The Docker Engine API over HostApi: a front door that translates, nothing more. A route declares method and path as the
 * API's description writes them, whether a running engine is needed, and how far it is supported; its handler answers a
 * Reply as data, which the server writes.
 */
import type { Duplex, Readable } from 'node:stream';
import type { Log } from '../base/log.ts';
import type { HostEvent } from '../contract/index.ts';
import type { Query } from './codec/decode.ts';
import type { Api } from './docker-host.ts';
import type { EventLog } from './event-log.ts';
import type { PendingAttaches } from './pending-attaches.ts';
import type { Unstarted } from './unstarted.ts';

/** Facts of the host that answers tell. */
export interface DockerFacts {
  readonly os: string;
  readonly arch: string;
}

/** What is shared by all requests to one machine's socket. */
export interface Engine {
  readonly machine: string;
  readonly version: string;
  readonly facts: DockerFacts;
  readonly log: Log;
  readonly events: EventLog;
  readonly pending: PendingAttaches;
  readonly unstarted: Unstarted;
  /** Events of the whole host service. */
  onHostEvent(listener: (event: HostEvent) => void): Disposable;
  /** What an archive holds that may be packed. @throws EngineError `invalid-argument` for packings that are not known */
  plainArchive(archive: AsyncIterable<Buffer>): AsyncIterable<Buffer>;
  /** Opens the bytes of a token that a call has answered. */
  openStream(token: string): Duplex;
}

export interface ApiRequest {
  readonly engine: Engine;
  readonly api: Api;
  /** Minor number of the version that was asked for. */
  readonly minor: number;
  /** Of the path's `{…}`. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readable;
  /** Fires when the client has left. */
  readonly signal: AbortSignal;
  /** Bytes of a body of JSON, of at most some megabytes. */
  json(): Promise<unknown>;
}

export type Reply =
  | { readonly kind: 'json'; readonly status: number; readonly body: unknown; readonly headers?: Headers }
  | { readonly kind: 'empty'; readonly status: number; readonly headers?: Headers }
  | { readonly kind: 'text'; readonly text: string; readonly headers?: Headers }
  /** Headers go out at once, bytes as they come. */
  | {
      readonly kind: 'stream';
      readonly type: string;
      readonly bytes: AsyncIterable<Uint8Array | string>;
      readonly headers?: Headers;
    }
  /** The connection is the handler's from then on; the content type depends on whether there is a terminal. */
  | { readonly kind: 'pipe'; readonly tty: boolean; readonly serve: (stream: Duplex) => Promise<void> }
  | { readonly kind: 'websocket'; readonly serve: (stream: Duplex) => Promise<void> };

type Headers = Readonly<Record<string, string>>;

export interface Route {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** As in the description: `/containers/{id}/json`. */
  readonly path: string;
  /** The machine is booted when it is not running. */
  readonly needsEngine: boolean;
  /** What is missing of the endpoint; absent when it is whole. */
  readonly partly?: string;
  /** Set when the endpoint only answers that it is not there. */
  readonly missing?: string;
  /** The parameter that errors name. */
  readonly subject?: string;
  readonly handle: (request: ApiRequest) => Promise<Reply> | Reply;
}

export function json(body: unknown, status = 200): Reply {
  return { kind: 'json', status, body };
}

export function empty(status = 204): Reply {
  return { kind: 'empty', status };
}

/** HTTP to registries: proxies, trust, time limits, and failures told apart. */
import type { Readable } from 'node:stream';
import { Agent, ProxyAgent, request } from 'undici';
import type { Dispatcher } from 'undici';
import { asError } from '../../base/deadline.ts';
import { connectionError } from './connection-error.ts';
import { lists } from './endpoint.ts';
import { proxyFor } from './proxy-rules.ts';
import type { RegistrySettings } from './settings.ts';
import { trustFor } from './trust.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Readable | Buffer | string;
  readonly signal?: AbortSignal;
}

export interface HttpResponse {
  readonly url: URL;
  readonly status: number;
  header(name: string): string | undefined;
  /** The bytes as they come. @throws PassingError when the connection breaks */
  pieces(): AsyncGenerator<Buffer>;
  /** Lets go of a body that nobody reads. */
  drop(): Promise<void>;
}

export interface TransportOptions {
  readonly settings: RegistrySettings;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** See {@link trustFor}. */
  readonly certFolders: readonly string[];
}

/** Milliseconds to connect, and between two pieces of an answer. */
const CONNECT_LIMIT = 20_000;
const SILENCE_LIMIT = 60_000;

/** Connections of one piece of work; they are kept open until it is disposed. */
export class Transport implements AsyncDisposable {
  readonly #options: TransportOptions;
  readonly #dispatchers = new Map<string, Promise<Dispatcher>>();

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  /** @throws PassingError when there is no answer; EngineError `invalid-argument` for wrong settings */
  async send({ method, url, headers, body, signal }: HttpRequest): Promise<HttpResponse> {
    const proxy = proxyFor(url, this.#options.env);
    const dispatcher = await this.#dispatcher(url, proxy);
    const failed = (error: unknown) => {
      if (signal?.aborted === true) return asError(signal.reason);
      return connectionError(url, proxy, error);
    };
    try {
      const {
        statusCode,
        headers: answered,
        body: stream,
      } = await request(url, {
        ...{ method, dispatcher, headers, body, signal },
        headersTimeout: SILENCE_LIMIT,
        bodyTimeout: SILENCE_LIMIT,
      });
      return {
        url,
        status: statusCode,
        header: (name) => joined(answered[name.toLowerCase()]),
        pieces: async function* () {
          try {
            for await (const piece of stream as AsyncIterable<Buffer>) yield piece;
          } catch (error) {
            throw failed(error);
          }
        },
        drop: () => stream.dump().catch(() => undefined),
      };
    } catch (error) {
      throw failed(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const made of await Promise.allSettled(this.#dispatchers.values()))
      if (made.status === 'fulfilled') await made.value.destroy();
  }

  #dispatcher(url: URL, proxy: string | undefined): Promise<Dispatcher> {
    const key = `${url.protocol}//${url.host} ${proxy ?? ''}`;
    const known = this.#dispatchers.get(key) ?? this.#make(url, proxy);
    this.#dispatchers.set(key, known);
    return known;
  }

  async #make(url: URL, proxy: string | undefined): Promise<Dispatcher> {
    const { settings, certFolders } = this.#options;
    const trust = { caFiles: settings.caFiles, certFolders };
    const tls =
      url.protocol === 'https:'
        ? {
            secureContext: await trustFor(url.host, trust),
            rejectUnauthorized: !lists(settings.insecure, url.host),
          }
        : {};
    const limits = { timeout: CONNECT_LIMIT };
    // HTTP/2 shares one small window among all layers: they come faster over connections of their own.
    if (proxy === undefined) return new Agent({ allowH2: false, connect: { ...tls, ...limits } });
    const proxyTls = proxy.startsWith('https:') ? { secureContext: await trustFor(new URL(proxy).host, trust) } : {};
    return new ProxyAgent({ uri: proxy, allowH2: false, requestTls: { ...tls, ...limits }, proxyTls });
  }
}

/** A header that came several times means what one with all its values means (RFC 9110, section 5.3). */
function joined(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}

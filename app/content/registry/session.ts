import type { Readable } from 'node:stream';
import { Authorizer } from './authorization.ts';
import { parseChallenges } from './challenge.ts';
import { EngineError } from '../../base/error.ts';
import { speaksNoTls } from './connection-error.ts';
import type { Credential } from './docker-config.ts';
import type { Endpoint } from './endpoint.ts';
import { registryOf, schemeOf } from './endpoint.ts';
import { retrying } from './retry.ts';
import type { RetryPolicy } from './retry.ts';
import type { RegistrySettings } from './settings.ts';
import { statusError } from './status-error.ts';
import type { HttpRequest, HttpResponse, Transport } from './transport.ts';

export interface RegistryRequest {
  readonly method: HttpRequest['method'];
  /** Below `/v2/`, or a whole URL that the registry gave. */
  readonly target: string | URL;
  /** What is done, for messages: "Getting the manifest of …". */
  readonly what: string;
  readonly scopes: readonly string[];
  /** Statuses that are no failure. */
  readonly accept: readonly number[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Made anew for each time that the request is sent. */
  readonly body?: () => Readable | Buffer;
  readonly signal?: AbortSignal;
}

export interface SessionOptions {
  readonly endpoint: Endpoint;
  readonly settings: RegistrySettings;
  readonly transport: Transport;
  readonly retry: RetryPolicy;
  readonly credential: () => Promise<Credential | undefined>;
}

const redirects = [301, 302, 303, 307, 308];
const REDIRECTS_MAX = 5;
/** One for no or an old token, one for a token of too little scope. */
const ANSWERS_MAX = 2;

/** Speaks with one registry or mirror: finds out whether by TLS, authorizes, follows redirects. */
export class RegistrySession {
  readonly endpoint: Endpoint;
  /** How people name it. */
  readonly name: string;
  readonly retry: RetryPolicy;
  readonly #options: SessionOptions;
  readonly #authorizer: Authorizer;
  #scheme: Endpoint['scheme'];

  constructor(options: SessionOptions) {
    const { endpoint, transport, credential } = options;
    this.endpoint = endpoint;
    this.name = registryOf(endpoint.account);
    this.retry = options.retry;
    this.#options = options;
    this.#scheme = endpoint.scheme;
    this.#authorizer = new Authorizer(
      { registry: this.name, isSafe: (url) => this.#isSafe(url), send: (request) => transport.send(request) },
      credential,
    );
  }

  /** Sends a request until it succeeds or fails for good. @throws EngineError, the signal's reason */
  async request(request: RegistryRequest): Promise<HttpResponse> {
    return retrying(() => this.once(request), { policy: this.retry, signal: request.signal });
  }

  /** Sends a request once. @throws PassingError with what the registry or the connection said; EngineError */
  async once(request: RegistryRequest): Promise<HttpResponse> {
    const response = await this.#authorized(request);
    if (request.accept.includes(response.status)) return response;
    throw await statusError(response, request.what);
  }

  async #authorized(request: RegistryRequest): Promise<HttpResponse> {
    let authorization = this.#authorizer.header(request.scopes);
    for (let answers = 0; ; answers++) {
      const response = await this.#followed(request, authorization);
      if (response.status !== 401 || !this.#isOwn(response.url) || answers === ANSWERS_MAX) return response;
      const challenges = parseChallenges(response.header('www-authenticate') ?? '');
      const next = await this.#authorizer.answer(challenges, request.scopes, authorization, request.signal);
      if (next === undefined) return response;
      await response.drop();
      authorization = next;
    }
  }

  /** The authorization stays with the registry: other hosts, where its blobs may be, have signed URLs. */
  async #followed(request: RegistryRequest, authorization: string | undefined): Promise<HttpResponse> {
    let response = await this.#first(request, authorization);
    for (let count = 0; redirects.includes(response.status) && count < REDIRECTS_MAX; count++) {
      const location = response.header('location');
      if (location === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) return response;
      const url = new URL(location, response.url);
      if (!this.#mayUse(url)) return response;
      await response.drop();
      response = await this.#send(request, url, authorization);
    }
    return response;
  }

  async #first(request: RegistryRequest, authorization: string | undefined): Promise<HttpResponse> {
    const { target } = request;
    if (target instanceof URL && !this.#mayUse(target)) throw unprotected(this.name, target);
    const at = (scheme: string) =>
      target instanceof URL ? target : new URL(`${scheme}://${this.endpoint.host}/v2/${target}`);
    if (this.#scheme !== 'either') return this.#send(request, at(this.#scheme), authorization);
    try {
      const response = await this.#send(request, at('https'), authorization);
      this.#scheme = 'https';
      return response;
    } catch (error) {
      if (!speaksNoTls(error)) throw error;
      this.#scheme = 'http';
      return this.#send(request, at('http'), authorization);
    }
  }

  #send({ method, headers, body, signal }: RegistryRequest, url: URL, authorization?: string): Promise<HttpResponse> {
    const own: Record<string, string> = this.#isOwn(url) && authorization !== undefined ? { authorization } : {};
    return this.#options.transport.send({
      ...{ method, url, signal, body: body?.() },
      headers: { 'user-agent': 'berth', ...headers, ...own },
    });
  }

  #isOwn(url: URL): boolean {
    return url.host === new URL(`${url.protocol}//${this.endpoint.host}`).host && this.#mayUse(url);
  }

  /** Plain HTTP is for hosts that are set so, and for what a registry of plain HTTP leads to. */
  #mayUse(url: URL): boolean {
    return this.#isSafe(url) || (url.protocol === 'http:' && this.#scheme === 'http');
  }

  /** Secrets go by TLS, or to hosts that are set to do without. */
  #isSafe({ protocol, host }: URL): boolean {
    return protocol === 'https:' || (protocol === 'http:' && schemeOf(host, this.#options.settings) !== 'https');
  }
}

function unprotected(registry: string, { protocol, host }: URL): EngineError {
  return new EngineError('operation-failed', `${registry} wants content sent to ${protocol}//${host}, unprotected.`, {
    hint: `Let it tell an HTTPS address (it may be behind a proxy that does not say so), or add ${JSON.stringify(host)} to "plainHttp" in registries.json (see docs/registries.md).`,
  });
}

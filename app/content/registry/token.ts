/** Bearer tokens from a registry's token server (distribution specification, "Token Authentication"; OAuth 2). */
import * as v from 'valibot';
import { EngineError } from '../../base/error.ts';
import type { Challenge } from './challenge.ts';
import type { Credential } from './docker-config.ts';
import { readBody, statusError } from './status-error.ts';
import type { HttpRequest, HttpResponse } from './transport.ts';

export interface TokenServer {
  /** How people name the registry. */
  readonly registry: string;
  /** @throws PassingError */
  readonly send: (request: HttpRequest) => Promise<HttpResponse>;
  /** True where secrets may be sent to this URL. */
  readonly isSafe: (url: URL) => boolean;
}

export interface Token {
  readonly header: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

export interface TokenWish {
  readonly challenge: Challenge;
  readonly scopes: readonly string[];
  readonly credential: Credential | undefined;
}

const tokenSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    token: v.optional(v.string(), ''),
    access_token: v.optional(v.string(), ''),
    /** Seconds; a minute unless told. */
    expires_in: v.optional(v.number(), 60),
  }),
  v.transform(({ token, access_token, expires_in }) => ({ token: token || access_token, seconds: expires_in })),
  v.check(({ token }) => token !== ''),
);
const TOKEN_MAX = 1024 * 1024;
const CLIENT = 'berth';

/** @throws EngineError `permission-denied`, `operation-failed`; PassingError */
export async function askToken(
  server: TokenServer,
  { challenge, ...wish }: TokenWish,
  signal?: AbortSignal,
): Promise<Token> {
  const { registry } = server;
  const { credential } = wish;
  const realm = realmOf(challenge, server, credential !== undefined);
  const told = challenge.parameters.get('scope')?.split(' ') ?? [];
  const service = challenge.parameters.get('service') ?? '';
  const scopes = [...new Set([...wish.scopes, ...told])];
  const response = await server.send({ ...tokenRequest(realm, { service, scopes }, credential), signal });
  const { status } = response;
  if (status === 401 || status === 403) {
    await response.drop();
    throw refused(registry, credential);
  }
  if (status !== 200) throw await statusError(response, `Getting a token for ${registry}`);
  const parsed = v.safeParse(tokenSchema, (await readBody(response, TOKEN_MAX)).toString());
  if (!parsed.success) throw new EngineError('operation-failed', `${realm.host} gave no token for ${registry}.`);
  return { header: `Bearer ${parsed.output.token}`, expires: Date.now() + parsed.output.seconds * 1000 };
}

function realmOf({ parameters }: Challenge, { registry, isSafe }: TokenServer, secret: boolean): URL {
  const realm = parameters.get('realm') ?? '';
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (url !== undefined && (!secret || isSafe(url))) return url;
  throw new EngineError(
    'permission-denied',
    `${registry} wants credentials sent to ${realm || 'nowhere'}, unprotected.`,
    {
      hint: 'They are only sent by HTTPS; a registry of plain HTTP has to be set so (docs/registries.md).',
    },
  );
}

function tokenRequest(
  realm: URL,
  { service, scopes }: { service: string; scopes: readonly string[] },
  credential: Credential | undefined,
): HttpRequest {
  if (credential !== undefined && credential.identityToken !== '') {
    const body = new URLSearchParams({
      service,
      scope: scopes.join(' '),
      client_id: CLIENT,
      grant_type: 'refresh_token',
      refresh_token: credential.identityToken,
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return { method: 'POST', url: realm, headers, body: body.toString() };
  }
  const url = new URL(realm);
  if (service !== '') url.searchParams.append('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  if (credential === undefined) return { method: 'GET', url, headers: {} };
  url.searchParams.append('account', credential.username);
  return { method: 'GET', url, headers: { authorization: basicHeader(credential) } };
}

export function refused(registry: string, credential: Credential | undefined): EngineError {
  const user = credential === undefined || credential.username === '' ? '' : ` of ${credential.username}`;
  const what =
    credential === undefined
      ? `${registry} gives nothing without credentials.`
      : `${registry} refused the credentials${user}.`;
  return new EngineError('permission-denied', what, { hint: `Log in by "berth login ${registry}".` });
}

export function basicHeader({ username, password }: Credential): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

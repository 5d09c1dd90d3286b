/** Questions to registries: who may come in, what an image is there, which images there are. */
import { EngineError } from '../../base/error.ts';
import { searchFilterKeys, selectResults } from '../../contract/search-filter.ts';
import { json, type ApiRequest, type Reply, type Route } from '../api.ts';
import { decode, whole } from '../codec/decode.ts';
import { refusal } from '../codec/error.ts';
import { parseFilters } from '../codec/filters.ts';
import { AuthRequest, authOf, headerAuth } from '../codec/registry-auth.ts';

const searchMax = 100;
const searchDefault = 25;

/** Who asks, by the request's own header. */
export function requestAuth(headers: ApiRequest['headers']) {
  const header = headers['x-registry-auth'];
  return typeof header === 'string' ? headerAuth(Buffer.from(header, 'base64url').toString('utf8')) : undefined;
}

/** Clients keep what the registry has taken: nothing is stored here. */
async function login(request: ApiRequest): Promise<Reply> {
  const body = decode(AuthRequest, await request.json());
  try {
    const asked = { serverAddress: body.serveraddress, ...authOf(body), store: false };
    await request.api.images.login(asked, request.signal);
  } catch (error) {
    if (error instanceof EngineError && error.code === 'permission-denied') throw refusal(401, error.message);
    throw error;
  }
  return json({ Status: 'Login Succeeded', IdentityToken: '' });
}

async function distribution({ api, headers, params, signal }: ApiRequest): Promise<Reply> {
  const asked = { reference: params['name'] ?? '', auth: requestAuth(headers) };
  const { mediaType, digest, sizeBytes, platforms } = await api.images.describe(asked, signal);
  return json({ Descriptor: { mediaType, digest, size: sizeBytes }, Platforms: platforms });
}

async function search({ api, headers, query, signal }: ApiRequest): Promise<Reply> {
  const filters = parseFilters(query, searchFilterKeys);
  const limit = whole(query, 'limit') || searchDefault;
  if (limit < 1 || limit > searchMax)
    throw new EngineError('invalid-argument', `limit ${limit} is outside the range of [1, ${searchMax}]`);
  const found = await api.images.search({ term: query.text('term'), limit, auth: requestAuth(headers) }, signal);
  return json(
    selectResults(found, filters).map(
      ({ name, description, stars: count, official: is_official, automated: is_automated }) => ({
        ...{ star_count: count, is_official, name, is_automated, description },
      }),
    ),
  );
}

export const registryRoutes: readonly Route[] = [
  { method: 'POST', path: '/auth', needsEngine: false, handle: login },
  { method: 'GET', path: '/distribution/{name}/json', needsEngine: false, handle: distribution },
  { method: 'GET', path: '/images/search', needsEngine: false, handle: search },
];

/** What a registry tells of an image and of its images, without anything being pulled. */
import * as v from 'valibot';
import { EngineError } from '../../base/error.ts';
import type { OciDescriptor, Platform } from '../oci.ts';
import { decodeConfig, decodeIndex, decodeManifest, isIndexType } from '../oci.ts';
import { DEFAULT_REGISTRY } from '../reference.ts';
import type { Endpoint } from './endpoint.ts';
import { accountOf, registryOf, schemeOf } from './endpoint.ts';
import type { RemoteImage } from './remote-image.ts';
import type { RegistrySession } from './session.ts';
import type { RegistrySettings } from './settings.ts';
import { readBody } from './status-error.ts';

const SEARCH_MAX = 4 * 2 ** 20;
const HUB_SEARCH = 'index.docker.io';

export interface Described {
  readonly descriptor: Pick<OciDescriptor, 'mediaType' | 'digest' | 'size'>;
  readonly platforms: Platform[];
}

/** @throws EngineError `no-such-image`, `permission-denied`, `corrupt-content`, `unsupported`, `unreachable` */
export async function describeImage(image: RemoteImage, signal?: AbortSignal): Promise<Described> {
  const { descriptor, bytes } = await image.document(undefined, signal);
  if (isIndexType(descriptor.mediaType)) {
    const { manifests } = decodeIndex(bytes, descriptor.digest);
    return { descriptor, platforms: manifests.flatMap(({ platform }) => platform ?? []) };
  }
  const { config } = decodeManifest(bytes, descriptor.digest);
  const { os, architecture, variant } = decodeConfig(await image.small(config, signal), config.digest);
  return { descriptor, platforms: [{ os, architecture, variant }] };
}

const answerSchema = v.object({
  results: v.array(
    v.object({
      name: v.string(),
      description: v.nullish(v.string(), ''),
      star_count: v.nullish(v.number(), 0),
      is_official: v.nullish(v.boolean(), false),
      is_automated: v.nullish(v.boolean(), false),
    }),
  ),
});

export interface SearchResult {
  readonly name: string;
  readonly description: string;
  readonly stars: number;
  readonly official: boolean;
  readonly automated: boolean;
}

export interface Search {
  readonly endpoint: Endpoint;
  readonly query: string;
}

/** `[REGISTRY/]WORDS`: Docker Hub where no registry is named. */
export function searchOf(term: string, settings: RegistrySettings): Search {
  const slash = term.indexOf('/');
  const first = slash < 0 ? '' : term.slice(0, slash);
  const named = /[.:]/.test(first) || first === 'localhost';
  const account = accountOf(named ? first : DEFAULT_REGISTRY);
  const host = registryOf(account) === DEFAULT_REGISTRY ? HUB_SEARCH : account;
  const endpoint = { host, scheme: schemeOf(host, settings), repository: '', account, isMirror: false };
  return { endpoint, query: named ? term.slice(slash + 1) : term };
}

/**
 * Docker's first registry API had a search, which Docker Hub still answers; the distribution specification has none.
 * @throws EngineError `unsupported` where the registry has none, `unreachable`
 */
export async function searchRegistry(
  session: RegistrySession,
  { query, limit }: { query: string; limit: number },
  signal?: AbortSignal,
): Promise<SearchResult[]> {
  const words = new URLSearchParams({ q: query, n: String(limit) }).toString();
  const what = `Searching ${session.name} for ${JSON.stringify(query)}`;
  const response = await session.request({
    ...{ method: 'GET', target: `../v1/search?${words}`, what, scopes: [], accept: [200, 404], signal },
  });
  const body = await readBody(response, SEARCH_MAX);
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), answerSchema), body.toString());
  if (response.status === 404 || !parsed.success)
    throw new EngineError('unsupported', `${session.name} cannot be searched: it has no search API.`, {
      hint: 'Look for images on its own pages, and pull them by name.',
    });
  return parsed.output.results.map(({ name, description, star_count, is_official, is_automated }) => ({
    ...{ name, description, stars: star_count, official: is_official, automated: is_automated },
  }));
}

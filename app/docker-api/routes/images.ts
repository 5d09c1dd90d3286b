/** Images that are here: looked at. */
import { EngineError } from '../../base/error.ts';
import { flagFilter, type Filters } from '../../contract/container-filter.ts';
import type { ImageSummary } from '../../contract/index.ts';
import { json, type ApiRequest, type Reply, type Route } from '../api.ts';
import type { Api } from '../docker-host.ts';
import { flag, type Query } from '../codec/decode.ts';
import { labelsFit, parseFilters, untilFilter } from '../codec/filters.ts';
import { imageInspect, imageSummary, repositoryOf, secondsOf, tagsOf } from '../codec/image.ts';
import { manifestFields } from '../codec/image-manifests.ts';
import { sharedSizes } from '../codec/image-sizes.ts';
import { onePlatformOf, platformWords } from '../codec/platform.ts';
import { referenceFits, withTag } from '../codec/reference.ts';

const listKeys = ['dangling', 'label', 'label!', 'before', 'since', 'reference', 'until'];

async function list({ api, minor, query, signal }: ApiRequest): Promise<Reply> {
  const filters = filtersOf(query, minor);
  const all = await api.images.list({}, signal);
  const chosen = selectImages(all, filters, Date.now());
  const hasManifests = minor >= 47 && flag(query, 'manifests');
  const isCounted = flag(query, 'shared-size');
  const counts = minor >= 51;
  const users = hasManifests || counts ? await usersOf(api, signal) : undefined;
  const shared = isCounted ? sharedSizes(all) : undefined;
  const rows = chosen.map(async (image) => {
    const containers = counts && users !== undefined ? (users.get(image.id)?.length ?? 0) : undefined;
    const [reference = image.id] = image.references;
    const more = hasManifests ? manifestFields(await api.images.manifests({ reference }, signal), users) : {};
    return { ...imageSummary(image, minor, { containers, shared: shared?.get(image.digest) }), ...more };
  });
  return json((await Promise.all(rows)).toSorted((a, b) => b.Created - a.Created));
}

/** Until 1.40 a pattern could also stand in a parameter of its own. */
function filtersOf(query: Query, minor: number): Filters {
  const filters = new Map(parseFilters(query, listKeys));
  const pattern = minor < 41 ? query.text('filter') : '';
  if (pattern !== '') filters.set('reference', [...(filters.get('reference') ?? []), pattern]);
  return filters;
}

/** @throws EngineError `invalid-argument`; `no-such-image` for the one that others are compared with */
export function selectImages(all: readonly ImageSummary[], filters: Filters, nowMs: number): ImageSummary[] {
  const dangling = flagFilter(filters, 'dangling');
  const until = untilFilter(filters, nowMs);
  const [before, since] = ['before', 'since'].map((key) => timeOf(all, filters.get(key)?.[0]));
  const patterns = filters.get('reference');
  const fitting = (image: ImageSummary) => (patterns === undefined ? image : { ...image, ...namesOf(image, patterns) });
  return all.map(fitting).filter((image) => {
    const created = Date.parse(image.createdAt) || 0;
    return (
      (dangling === undefined || dangling === (tagsOf(image).length === 0)) &&
      (until === undefined || BigInt(created) * 1_000_000n < until) &&
      (before === undefined || created < before) &&
      (since === undefined || created > since) &&
      (patterns === undefined || image.references.length > 0) &&
      labelsFit(image.labels, filters)
    );
  });
}

/** Only the names that were asked for are shown. */
function namesOf(image: ImageSummary, patterns: readonly string[]): Pick<ImageSummary, 'references' | 'repoDigests'> {
  const references = tagsOf(image).filter((tag) => patterns.some((pattern) => referenceFits(tag, pattern)));
  const repositories = references.map(repositoryOf);
  return { references, repoDigests: image.repoDigests.filter((digest) => repositories.includes(repositoryOf(digest))) };
}

function timeOf(all: readonly ImageSummary[], reference: string | undefined): number | undefined {
  if (reference === undefined) return undefined;
  const short = reference.replace(/^sha256:/, '');
  const found = all.find(
    ({ id, references }) => references.includes(withTag(reference)) || id.replace(/^sha256:/, '').startsWith(short),
  );
  if (found === undefined) throw new EngineError('no-such-image', `No such image: ${withTag(reference)}`);
  return Date.parse(found.createdAt) || 0;
}

/** Ids of the containers that are made of each image; not known while the machine is off. */
async function usersOf(api: Api, signal: AbortSignal): Promise<Map<string, string[]> | undefined> {
  if ((await api.engine.state({})).status !== 'running') return undefined;
  const containers = await api.containers.list({ all: true }, signal);
  const byImage = Map.groupBy(containers, ({ spec }) => spec.image.id);
  return new Map([...byImage].map(([image, made]) => [image, made.map(({ id }) => id)]));
}

async function inspect({ api, minor, params, query, signal }: ApiRequest): Promise<Reply> {
  const reference = params['name'] ?? '';
  const hasManifests = minor >= 48 && flag(query, 'manifests');
  const platform = minor >= 49 ? onePlatformOf(query) : undefined;
  if (hasManifests && platform !== undefined)
    throw new EngineError('invalid-argument', 'conflicting options: manifests and platform options cannot both be set');
  const found = await api.images.inspect({ reference, platform }, signal).catch(platformWords());
  const more = hasManifests
    ? manifestFields(await api.images.manifests({ reference }, signal), await usersOf(api, signal))
    : {};
  return json({ ...imageInspect(found, minor), ...more });
}

async function history({ api, minor, params, query, signal }: ApiRequest): Promise<Reply> {
  const platform = minor >= 48 ? onePlatformOf(query) : undefined;
  const steps = await api.images.history({ reference: params['name'] ?? '', platform }, signal).catch(platformWords());
  return json(
    steps.map(({ id, createdAt, createdBy, comment, sizeBytes, references }) => ({
      Id: id === '' ? '<missing>' : id,
      Created: secondsOf(createdAt),
      CreatedBy: createdBy,
      Tags: references.length === 0 ? null : references,
      Size: sizeBytes,
      Comment: comment,
    })),
  );
}

export const imageRoutes: readonly Route[] = [
  { method: 'GET', path: '/images/json', needsEngine: false, handle: list },
  { method: 'GET', path: '/images/{name}/json', needsEngine: false, handle: inspect },
  { method: 'GET', path: '/images/{name}/history', needsEngine: false, handle: history },
];

/** Images that are here: tagged, removed, made of containers. */
import { EngineError } from '../../base/error.ts';
import type { ImageSummary, Removed } from '../../contract/index.ts';
import { flagFilter } from '../../contract/container-filter.ts';
import { empty, json, type ApiRequest, type Reply, type Route } from '../api.ts';
import { commitConfig } from '../codec/commit.ts';
import { flag } from '../codec/decode.ts';
import { parseFilters, untilFilter } from '../codec/filters.ts';
import { platformsOf, platformWords } from '../codec/platform.ts';
import { joinTag } from '../codec/reference.ts';
import { about, refusal } from '../codec/error.ts';

async function tag({ api, params, query, signal }: ApiRequest): Promise<Reply> {
  const repo = query.text('repo');
  if (repo === '') throw new EngineError('invalid-argument', 'repository name must have at least one component');
  await api.images.tag({ source: params['name'] ?? '', target: joinTag(repo, query.text('tag')) }, signal);
  return empty(201);
}

async function remove({ api, minor, params, query, signal }: ApiRequest): Promise<Reply> {
  const platforms = minor >= 50 ? platformsOf(query, 'platforms') : [];
  const before = await api.images.list({}, signal);
  const wanted = { reference: params['name'] ?? '', force: flag(query, 'force'), platforms };
  const removed = await api.images.remove(wanted, signal).catch(platformWords());
  return json(removedRows(removed, before));
}

/** The engine tells manifests that are gone, Docker the images' ids. */
function removedRows({ untagged, deleted }: Removed, before: readonly ImageSummary[]) {
  const ids = new Set(deleted.map((digest) => before.find((image) => image.digest === digest)?.id ?? digest));
  return [...untagged.map((name) => ({ Untagged: name })), ...[...ids].map((id) => ({ Deleted: id }))];
}

async function prune({ api, engine, query, signal }: ApiRequest): Promise<Reply> {
  const filters = parseFilters(query, ['dangling', 'until', 'label', 'label!']);
  const until = untilFilter(filters, Date.now());
  const before = await api.images.list({}, signal);
  const removed = await api.system.prune(
    {
      containers: false,
      volumes: 'none',
      images: flagFilter(filters, 'dangling') === false ? 'all' : 'dangling',
      labels: [...(filters.get('label') ?? [])],
      withoutLabels: [...(filters.get('label!') ?? [])],
      ...(until !== undefined && { untilMs: Number(until / 1_000_000n) }),
    },
    signal,
  );
  engine.events.note('image', 'prune', { reclaimed: String(removed.reclaimedBytes) });
  return json({ ImagesDeleted: removedRows(removed, before), SpaceReclaimed: removed.reclaimedBytes });
}

async function commit(request: ApiRequest): Promise<Reply> {
  const { api, query, signal } = request;
  const id = query.text('container');
  if (id === '') throw refusal(400, 'invalid name or ID supplied: ""');
  const repo = query.text('repo');
  const wanted = {
    ...{ id, author: query.text('author'), comment: query.text('comment'), changes: [...query.all('changes')] },
    reference: repo === '' ? '' : joinTag(repo, query.text('tag')),
    pause: flag(query, 'pause', true),
  };
  const config = commitConfig(hasBody(request) ? await request.json() : undefined);
  const made = await api.containers.commit({ ...wanted, ...(config && { config }) }, signal).catch(about(id));
  return json({ Id: made.id }, 201);
}

function hasBody({ headers }: ApiRequest): boolean {
  return headers['transfer-encoding'] !== undefined || ![undefined, '0'].includes(headers['content-length'] as string);
}

export const imageChangeRoutes: readonly Route[] = [
  { method: 'POST', path: '/images/{name}/tag', needsEngine: false, handle: tag },
  { method: 'DELETE', path: '/images/{name}', needsEngine: false, handle: remove },
  { method: 'POST', path: '/images/prune', needsEngine: false, handle: prune },
  { method: 'POST', path: '/commit', needsEngine: true, handle: commit },
];

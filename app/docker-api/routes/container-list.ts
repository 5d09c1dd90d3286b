/** Containers: listed. */
import { EngineError } from '../../base/error.ts';
import {
  containerFilterKeys,
  containerStates,
  filterFacts,
  flagFilter,
  selectContainers,
  type Filters,
  type FilterSources,
} from '../../contract/container-filter.ts';
import { isLive } from '../../contract/container-state.ts';
import { json, type ApiRequest, type Reply, type Route } from '../api.ts';
import type { Api } from '../docker-host.ts';
import { containerSummary } from '../codec/container-summary.ts';
import { flag, whole } from '../codec/decode.ts';
import { parseFilters } from '../codec/filters.ts';

type Info = Awaited<ReturnType<Api['containers']['inspect']>>;

/** `isolation` is Windows' and means nothing here, as with Docker. */
const listKeys = [...containerFilterKeys, 'isolation', 'is-task'];
const dockerStates: readonly string[] = [...containerStates, 'removing', 'dead'];

async function list({ api, minor, query, signal }: ApiRequest): Promise<Reply> {
  const filters = parseFilters(query, listKeys);
  for (const status of filters.get('status') ?? [])
    if (!dockerStates.includes(status)) throw new EngineError('invalid-argument', `invalid filter 'status=${status}'`);
  const limit = whole(query, 'limit') ?? 0;
  const wanted = flag(query, 'all') || limit > 0 || filters.has('status');
  const [infos, networks] = await Promise.all([
    api.containers.list({ all: true }, signal),
    api.networks.list({}, signal),
  ]);
  const facts = await filterFacts(infos, filters, sourcesOf(api, networks));
  const fitting = selectContainers(infos, known(filters), facts).filter((info) => wanted || isLive(info));
  // Tasks are a swarm's.
  const chosen = flagFilter(filters, 'is-task') === true ? [] : fitting;
  const shown = limit > 0 ? chosen.slice(0, limit) : chosen;
  const sized = flag(query, 'size');
  const nowMs = Date.now();
  const rows = shown.map(async (info) => {
    const [ports, size] = await Promise.all([portsOf(api, info), sized ? sizeOf(api, info) : undefined]);
    return containerSummary(info, { minor, nowMs, networks, ports, size });
  });
  return json(await Promise.all(rows));
}

function known(filters: Filters): Filters {
  return new Map([...filters].filter(([key]) => containerFilterKeys.includes(key)));
}

function sourcesOf(api: Api, networks: Awaited<ReturnType<Api['networks']['list']>>): FilterSources {
  return {
    imageId: async (reference) => (await api.images.inspect({ reference }).catch(() => undefined))?.summary.id,
    networks: () => Promise.resolve(networks),
    ports: (info) => portsOf(api, info),
  };
}

export async function portsOf(api: Api, info: Info) {
  return info.spec.ports.length > 0 && 'pid' in info.state ? api.containers.ports({ id: info.id }) : [];
}

export async function sizeOf(api: Api, { id, spec }: Info) {
  const [{ writableBytes }, images] = await Promise.all([api.containers.size({ id }), api.images.list({})]);
  const image = images.find((one) => one.id === spec.image.id);
  return { writable: writableBytes, root: writableBytes + (image?.sizeBytes ?? 0) };
}

export const containerListRoutes: readonly Route[] = [
  { method: 'GET', path: '/containers/json', needsEngine: true, handle: list },
];

import * as v from 'valibot';
import { EngineError } from '../../base/error.ts';
import { flagFilter, matches } from '../../contract/container-filter.ts';
import { empty, json, type ApiRequest, type Reply, type Route } from '../api.ts';
import type { Api } from '../docker-host.ts';
import { Labels, Text, decode, flag } from '../codec/decode.ts';
import { refusal } from '../codec/error.ts';
import { labelsFit, parseFilters } from '../codec/filters.ts';
import { anonymousLabel, volumeOf } from '../codec/volume.ts';

const CreateRequest = v.object({ Name: Text, Driver: Text, DriverOpts: Labels, Labels });

async function list({ api, query, signal }: ApiRequest): Promise<Reply> {
  const filters = parseFilters(query, ['dangling', 'driver', 'label', 'label!', 'name']);
  const dangling = flagFilter(filters, 'dangling');
  const volumes = (await api.volumes.list({}, signal)).filter(
    (volume) =>
      (dangling === undefined || dangling === (volume.containers.length === 0)) &&
      (filters.get('driver')?.includes('local') ?? true) &&
      (filters.get('name')?.some((name) => matches(volume.name, name)) ?? true) &&
      labelsFit(volume.labels, filters),
  );
  return json({ Volumes: volumes.map(volumeOf), Warnings: null });
}

async function create(request: ApiRequest): Promise<Reply> {
  const { Name, Driver, DriverOpts, Labels: labels } = decode(CreateRequest, await request.json());
  if (!['', 'local'].includes(Driver))
    throw refusal(404, `create ${Name}: error looking up volume plugin ${Driver}: plugin "${Driver}" not found`);
  if (Name.length === 1)
    throw new EngineError(
      'invalid-argument',
      `create ${Name}: volume name is too short, names should be at least two alphanumeric characters`,
    );
  if (Name !== '' && !/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(Name))
    throw new EngineError(
      'invalid-argument',
      `create ${Name}: ${JSON.stringify(Name)} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    );
  // What prune takes for unnamed.
  const marked = Name === '' ? { ...labels, [anonymousLabel]: '' } : labels;
  const made = await request.api.volumes.create({ name: Name, labels: marked, options: DriverOpts }, request.signal);
  return json(volumeOf(made), 201);
}

async function inspect({ api, params, signal }: ApiRequest): Promise<Reply> {
  return json(volumeOf(await api.volumes.inspect({ name: params['name'] ?? '' }, signal)));
}

async function remove({ api, params, query, signal }: ApiRequest): Promise<Reply> {
  const name = params['name'] ?? '';
  try {
    await api.volumes.remove({ name, force: flag(query, 'force') }, signal);
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'in-use') throw error;
    const users = error.data?.['containers'];
    const list = Array.isArray(users) ? users.join(', ') : '';
    throw new EngineError('in-use', `remove ${name}: volume is in use - [${list}]`, { cause: error });
  }
  return empty();
}

/** Since 1.42 anonymous ones alone, unless the filter `all` says otherwise. */
async function prune({ api, engine, minor, query, signal }: ApiRequest): Promise<Reply> {
  const filters = parseFilters(query, ['all', 'label', 'label!']);
  const all = minor < 42 || flagFilter(filters, 'all') === true;
  const idle = (await api.volumes.list({}, signal)).filter(
    ({ containers, anonymous, labels }) =>
      containers.length === 0 && (all || anonymous || anonymousLabel in labels) && labelsFit(labels, filters),
  );
  const removed: string[] = [];
  let SpaceReclaimed = 0;
  for (const volume of idle) {
    const bytes = await volumeBytes(api, volume);
    if (!(await removeIdle(api, volume.name))) continue;
    removed.push(volume.name);
    SpaceReclaimed += bytes;
  }
  engine.events.note('volume', 'prune', { reclaimed: String(SpaceReclaimed) });
  return json({ VolumesDeleted: removed, SpaceReclaimed });
}

/** 0 for one that went meanwhile. */
export async function volumeBytes(api: Api, { name }: { name: string }): Promise<number> {
  try {
    return (await api.volumes.size({ name })).bytes;
  } catch (error) {
    if (error instanceof EngineError && error.code === 'no-such-volume') return 0;
    throw error;
  }
}

/** One that came into use meanwhile stays. */
async function removeIdle(api: Api, name: string): Promise<boolean> {
  try {
    await api.volumes.remove({ name, force: false });
    return true;
  } catch (error) {
    if (error instanceof EngineError && ['in-use', 'no-such-volume'].includes(error.code)) return false;
    throw error;
  }
}

function update(): never {
  throw refusal(503, 'volume update only valid for cluster volumes, but swarm is unavailable');
}

export const volumeRoutes: readonly Route[] = [
  { method: 'GET', path: '/volumes', needsEngine: true, handle: list },
  { method: 'POST', path: '/volumes/create', needsEngine: true, handle: create },
  { method: 'GET', path: '/volumes/{name}', needsEngine: true, handle: inspect },
  {
    ...{ method: 'PUT', path: '/volumes/{name}', needsEngine: false, handle: update },
    missing: 'cluster volumes are for swarms',
  },
  { method: 'DELETE', path: '/volumes/{name}', needsEngine: true, handle: remove },
  { method: 'POST', path: '/volumes/prune', needsEngine: true, handle: prune },
];

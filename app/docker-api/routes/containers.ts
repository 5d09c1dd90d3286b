/** Containers: made, looked at, removed. */
import { EngineError } from '../../base/error.ts';
import { isLive } from '../../contract/container-state.ts';
import { inheritedMounts } from '../../contract/inherited-mounts.ts';
import { empty, json, type ApiRequest, type Reply, type Route } from '../api.ts';
import type { Api } from '../docker-host.ts';
import { containerInspect } from '../codec/container-inspect.ts';
import { createPlan } from '../codec/create.ts';
import { decode, flag } from '../codec/decode.ts';
import { apiError, refusal } from '../codec/error.ts';
import { labelsFit, parseFilters, untilFilter } from '../codec/filters.ts';
import { CreateRequest, UpdateRequest } from '../codec/host-config.ts';
import { imageConfig } from '../codec/image-config.ts';
import { restartFrom } from '../codec/life.ts';
import { asOldClientMeant } from '../codec/old-clients.ts';
import { resourcesFrom } from '../codec/resources.ts';
import { updateWarnings } from '../codec/warnings.ts';
import { notRemovable, wrongState } from '../state-words.ts';
import { makeVolumes, volumesFrom } from '../volumes-of-request.ts';
import { withTag } from '../codec/reference.ts';
import { portsOf, sizeOf } from './container-list.ts';

async function create(request: ApiRequest): Promise<Reply> {
  const { api, engine, minor, query, signal } = request;
  const body = asOldClientMeant(decode(CreateRequest, await request.json()), minor);
  const name = query.text('name').replace(/^\//, '');
  if (name !== '' && !namePattern.test(name)) throw refusal(400, badName(name));
  const windows = engine.facts.os === 'win32';
  const { config, warnings } = createPlan(body, { minor, platform: query.text('platform'), windows });
  const inherited = await inheritedMounts(body.HostConfig.VolumesFrom, config.mounts, (other) =>
    volumesFrom(api, other, signal),
  );
  config.mounts.push(...inherited);
  try {
    await makeVolumes(api, body);
    const made = await api.containers.create({ name, config }, signal);
    engine.unstarted.add(made.id, config);
    return json({ Id: made.id, Warnings: [...warnings, ...made.warnings] }, 201);
  } catch (error) {
    throw inDockersWords(error, body, name);
  }
}

/** What clients look for when a creation fails. A 404 makes the command pull the image, so nothing else may be one. */
function inDockersWords(error: unknown, { Image, HostConfig }: CreateRequest, name: string): unknown {
  if (!(error instanceof EngineError)) return error;
  switch (error.code) {
    case 'no-such-image':
      return refusal(404, `No such image: ${withTag(Image)}`);
    case 'no-such-network':
      return refusal(400, `network ${HostConfig.NetworkMode} not found`);
    case 'no-such-container':
      return refusal(400, `No such container: ${joinedOf(HostConfig)}`);
    case 'no-such-volume':
      return refusal(400, apiError(error).message);
    case 'no-such-path':
      return refusal(400, bindRefusal(error));
    case 'name-in-use':
      return refusal(409, nameConflict(name, error));
    case 'wrong-platform':
      return refusal(
        404,
        `image with reference ${Image} was found but does not match the specified platform: ${error.message}`,
      );
    default:
      return error;
  }
}

/** The container whose namespaces were asked for. */
function joinedOf({ NetworkMode, PidMode, IpcMode }: CreateRequest['HostConfig']): string {
  const joined = [NetworkMode, PidMode, IpcMode].find((mode) => mode.startsWith('container:')) ?? '';
  return joined.slice('container:'.length);
}

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

function badName(name: string): string {
  return `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`;
}

function nameConflict(name: string, { data }: EngineError): string {
  return (
    `Conflict. The container name "/${name}" is already in use by container "${String(data?.['id'])}". ` +
    'You have to remove (or rename) that container to be able to reuse that name.'
  );
}

function bindRefusal(error: EngineError): string {
  const path = error.data?.['path'];
  if (typeof path !== 'string') return apiError(error).message;
  return `invalid mount config for type "bind": bind source path does not exist: ${path}`;
}

async function inspect({ api, minor, params, query, signal }: ApiRequest): Promise<Reply> {
  const info = await api.containers.inspect({ id: params['id'] ?? '' }, signal);
  const [networks, ports, image, size] = await Promise.all([
    api.networks.list({}, signal),
    portsOf(api, info),
    api.images.inspect({ reference: info.spec.image.id }, signal).catch(() => undefined),
    flag(query, 'size') ? sizeOf(api, info) : undefined,
  ]);
  const stored = image === undefined ? undefined : imageConfig(image.config).config;
  return json(containerInspect(info, { minor, networks, ports, image: stored, size }));
}

async function remove({ api, params, query, signal }: ApiRequest): Promise<Reply> {
  const id = params['id'] ?? '';
  if (flag(query, 'link')) return unlink(api, id, signal);
  const how = { force: flag(query, 'force'), volumes: flag(query, 'v') };
  await api.containers.remove({ id, ...how }, signal).catch(wrongState(api, id, notRemovable));
  return empty();
}

/** `web/db`: the name that web has for another container. */
async function unlink(api: Api, name: string, signal: AbortSignal): Promise<Reply> {
  const [, id, alias = ''] = /^\/?([^/]+)(?:\/(.+))?$/.exec(name) ?? ['', name];
  if (alias !== '') {
    await api.containers.unlink({ id, alias }, signal);
    return empty();
  }
  await api.containers.inspect({ id }, signal);
  throw refusal(400, 'Conflict, cannot remove the default link name of the container');
}

async function prune(request: ApiRequest): Promise<Reply> {
  const { ids, reclaimedBytes } = await pruned(request);
  request.engine.events.note('container', 'prune', { reclaimed: String(reclaimedBytes) });
  return json({ ContainersDeleted: ids, SpaceReclaimed: reclaimedBytes });
}

/** By hand where filters choose, so that only those go. */
async function pruned({ api, query, signal }: ApiRequest) {
  const filters = parseFilters(query, ['until', 'label', 'label!']);
  if (filters.size === 0) return api.containers.prune({}, signal);
  const until = untilFilter(filters, Date.now());
  const all = await api.containers.list({ all: true }, signal);
  const idle = all.filter(
    (info) =>
      !isLive(info) && labelsFit(info.spec.labels, filters) && (until === undefined || BigInt(info.createdAt) < until),
  );
  const ids: string[] = [];
  let reclaimedBytes = 0;
  for (const { id } of idle) {
    const writableBytes = await removedIdle(api, id, signal);
    if (writableBytes === undefined) continue;
    ids.push(id);
    reclaimedBytes += writableBytes;
  }
  return { ids, reclaimedBytes };
}

/** Bytes of what it had written; undefined for one that was started, came into use or went meanwhile. */
async function removedIdle(api: Api, id: string, signal: AbortSignal): Promise<number | undefined> {
  try {
    const { writableBytes } = await api.containers.size({ id }, signal);
    await api.containers.remove({ id, force: false, volumes: false }, signal);
    return writableBytes;
  } catch (error) {
    if (error instanceof EngineError && passedOver.includes(error.code)) return undefined;
    throw error;
  }
}

const passedOver: readonly string[] = ['wrong-state', 'in-use', 'no-such-container'];

async function update(request: ApiRequest): Promise<Reply> {
  const change = decode(UpdateRequest, await request.json());
  const resources = resourcesFrom(change);
  const restart = restartFrom(change.RestartPolicy);
  const { warnings } = await request.api.containers.update(
    { id: request.params['id'] ?? '', resources, ...(restart !== undefined && { restart }) },
    request.signal,
  );
  return json({ Warnings: [...updateWarnings(change), ...warnings] });
}

async function rename({ api, params, query, signal }: ApiRequest): Promise<Reply> {
  const name = query.text('name').replace(/^\//, '');
  if (name === '') throw new EngineError('invalid-argument', 'Neither old nor new names may be empty');
  if (!namePattern.test(name)) throw refusal(400, `Error when allocating new name: ${badName(`/${name}`)}`);
  const { id, name: before } = await api.containers.inspect({ id: params['id'] ?? '' }, signal);
  if (before === name) throw refusal(400, 'Renaming a container with the same name as its current name');
  try {
    await api.containers.rename({ id, name }, signal);
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'name-in-use') throw error;
    throw refusal(409, `Error when allocating new name: ${nameConflict(name, error)}`);
  }
  return empty();
}

export const containerRoutes: readonly Route[] = [
  { method: 'POST', path: '/containers/create', needsEngine: true, handle: create },
  { method: 'GET', path: '/containers/{id}/json', needsEngine: true, handle: inspect },
  { method: 'POST', path: '/containers/{id}/update', needsEngine: true, handle: update },
  { method: 'POST', path: '/containers/{id}/rename', needsEngine: true, handle: rename },
  { method: 'DELETE', path: '/containers/{id}', needsEngine: true, handle: remove },
  { method: 'POST', path: '/containers/prune', needsEngine: true, handle: prune },
];

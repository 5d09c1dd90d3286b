/** Files of containers: archives in and out, changes. */
import { EngineError } from '../../base/error.ts';
import { archiveBytes, sendArchive } from '../../contract/archive-stream.ts';
import { empty, json, type ApiRequest, type Reply, type Route } from '../api.ts';
import { closing } from '../closing.ts';
import { flag } from '../codec/decode.ts';
import { pathStat } from '../codec/path-stat.ts';

const kinds = { C: 0, A: 1, D: 2 } as const;

async function changes({ api, params, signal }: ApiRequest): Promise<Reply> {
  const found = await api.containers.changes({ id: params['id'] ?? '' }, signal);
  return json(found.length === 0 ? null : found.map(({ kind, path }) => ({ Path: path, Kind: kinds[kind] })));
}

async function exportAll({ api, engine, params, signal }: ApiRequest): Promise<Reply> {
  const { stream } = await api.containers.export({ id: params['id'] ?? '' }, signal);
  return { kind: 'stream', type: 'application/octet-stream', bytes: closing(engine.openStream(stream), archiveBytes) };
}

function pathOf({ query }: ApiRequest): string {
  const path = query.text('path');
  if (path === '') throw new EngineError('invalid-argument', "bad parameter: 'path' cannot be empty");
  return path;
}

async function stat(request: ApiRequest): Promise<Reply> {
  const { api, params, signal } = request;
  const found = await api.containers.archiveStat({ id: params['id'] ?? '', path: pathOf(request) }, signal);
  return { kind: 'empty', status: 200, headers: statHeader(found.stat) };
}

async function get(request: ApiRequest): Promise<Reply> {
  const { api, engine, params, signal } = request;
  const found = await api.containers.archiveGet({ id: params['id'] ?? '', path: pathOf(request) }, signal);
  const bytes = closing(engine.openStream(found.stream), archiveBytes);
  return { kind: 'stream', type: 'application/x-tar', bytes, headers: statHeader(found.stat) };
}

function statHeader(stat: Parameters<typeof pathStat>[0]) {
  return { 'X-Docker-Container-Path-Stat': Buffer.from(JSON.stringify(pathStat(stat))).toString('base64') };
}

async function put(request: ApiRequest): Promise<Reply> {
  const { api, engine, body, params, query, signal } = request;
  const { stream } = await api.containers.archivePut(
    {
      id: params['id'] ?? '',
      path: pathOf(request),
      noOverwriteDirNonDir: flag(query, 'noOverwriteDirNonDir'),
      copyUidGid: flag(query, 'copyUIDGID'),
    },
    signal,
  );
  const target = engine.openStream(stream);
  try {
    await sendArchive(target, engine.plainArchive(body as AsyncIterable<Buffer>));
  } finally {
    target.destroy();
  }
  return empty(200);
}

const path = '/containers/{id}/archive';

export const containerFileRoutes: readonly Route[] = [
  { method: 'GET', path: '/containers/{id}/changes', needsEngine: true, handle: changes },
  { method: 'GET', path: '/containers/{id}/export', needsEngine: true, handle: exportAll },
  { method: 'HEAD', path, needsEngine: true, handle: stat },
  { method: 'GET', path, needsEngine: true, handle: get },
  { method: 'PUT', path, needsEngine: true, handle: put, partly: 'archives packed by bzip2 or xz are refused' },
];

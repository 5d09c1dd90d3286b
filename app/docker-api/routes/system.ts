/** The engine itself: ping, version, info, df, events. */
import { json, type ApiRequest, type Reply, type Route } from '../api.ts';
import { flag } from '../codec/decode.ts';
import { parseFilters } from '../codec/filters.ts';
import { eventFilterKeys, eventFits, type EventMessage } from '../codec/event.ts';
import { containerSummary } from '../codec/container-summary.ts';
import { imageSummary } from '../codec/image.ts';
import { layersSize, sharedSizes } from '../codec/image-sizes.ts';
import { infoOf } from '../codec/info.ts';
import { diskUse } from '../codec/disk-use.ts';
import { eventRange } from '../codec/event-range.ts';
import { versionOf } from '../codec/version-answer.ts';
import { volumeUsage } from '../codec/volume.ts';
import { volumeBytes } from './volumes.ts';
import { eventLines } from '../event-lines.ts';

const pingHeaders = {
  'Cache-Control': 'no-cache, no-store, must-revalidate',
  Pragma: 'no-cache',
  'Builder-Version': '1',
  Swarm: 'inactive',
};

function ping(): Reply {
  return { kind: 'text', text: 'OK', headers: pingHeaders };
}

function headPing(): Reply {
  return { kind: 'empty', status: 200, headers: { 'Content-Type': 'text/plain', ...pingHeaders } };
}

async function version({ api, engine }: ApiRequest): Promise<Reply> {
  const state = await api.engine.state({});
  const kernel = state.status === 'running' ? state.kernel : '';
  return json(versionOf({ version: engine.version, arch: engine.facts.arch, kernel }));
}

async function info({ api, engine, signal }: ApiRequest): Promise<Reply> {
  const [state, containers, images, memory, machines] = await Promise.all([
    api.engine.state({}),
    api.containers.list({ all: true }, signal),
    api.images.list({}, signal),
    api.guest.memory({}, signal),
    api.machines.list({}, signal),
  ]);
  const { machine, version: own, facts } = engine;
  const settings = machines.find(({ name }) => name === machine)?.settings;
  const kernel = state.status === 'running' ? state.kernel : '';
  const warnings = state.status === 'running' ? state.warnings : [];
  const cpus = settings?.cpus ?? 1;
  return json(
    infoOf(
      { machine, version: own, arch: facts.arch, kernel, cpus, memoryBytes: memory.totalBytes, warnings },
      {
        containers,
        images: images.length,
      },
    ),
  );
}

const diskTypes = ['container', 'image', 'volume', 'build-cache'];

async function df({ api, minor, query, signal }: ApiRequest): Promise<Reply> {
  const asked = query.all('type');
  const wants = (type: string) => asked.length === 0 || asked.includes(type);
  const wrong = asked.find((type) => !diskTypes.includes(type));
  const nowMs = Date.now();
  const [infos, images, volumes, networks] = await Promise.all([
    api.containers.list({ all: true }, signal),
    api.images.list({}, signal),
    api.volumes.list({}, signal),
    api.networks.list({}, signal),
  ]);
  const containers = await Promise.all(
    infos.map(async (info) => {
      const { writableBytes } = await api.containers.size({ id: info.id }, signal);
      const root = writableBytes + (images.find(({ id }) => id === info.spec.image.id)?.sizeBytes ?? 0);
      return containerSummary(info, { minor, nowMs, networks, ports: [], size: { writable: writableBytes, root } });
    }),
  );
  const users = (id: string) => infos.filter(({ spec }) => spec.image.id === id).length;
  const shared = sharedSizes(images);
  const total = layersSize(images);
  return json(
    diskUse(
      {
        images: images.map((image) =>
          imageSummary(image, minor, { containers: users(image.id), shared: shared.get(image.digest) }),
        ),
        layers: { total, idle: total - layersSize(images.filter(({ id }) => users(id) > 0)) },
        containers,
        volumes: await Promise.all(volumes.map(async (volume) => volumeUsage(volume, await volumeBytes(api, volume)))),
      },
      { minor, wants, wrong, verbose: flag(query, 'verbose') },
    ),
  );
}

/** What was, then what comes, until the client leaves or the end of the range is there. */
function events({ engine, query, signal }: ApiRequest): Reply {
  const filters = parseFilters(query, eventFilterKeys);
  const range = eventRange(query, Date.now());
  const fits = (message: EventMessage) => eventFits(message, filters);
  return { kind: 'stream', type: 'application/json', bytes: eventLines(engine.events, fits, range, signal) };
}

export const systemRoutes: readonly Route[] = [
  { method: 'GET', path: '/_ping', needsEngine: false, handle: ping },
  { method: 'HEAD', path: '/_ping', needsEngine: false, handle: headPing },
  { method: 'GET', path: '/version', needsEngine: false, handle: version },
  { method: 'GET', path: '/info', needsEngine: true, handle: info },
  { method: 'GET', path: '/system/df', needsEngine: true, handle: df },
  { method: 'GET', path: '/events', needsEngine: false, handle: events },
];

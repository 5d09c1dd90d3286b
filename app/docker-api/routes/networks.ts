import * as v from 'valibot';
import { EngineError } from '../../base/error.ts';
import { flagFilter, matches } from '../../contract/container-filter.ts';
import { empty, json, type ApiRequest, type Reply, type Route } from '../api.ts';
import { Flag, Text, decode } from '../codec/decode.ts';
import { endpointSettings } from '../codec/endpoint-settings.ts';
import { refusal } from '../codec/error.ts';
import { labelsFit, parseFilters, untilFilter } from '../codec/filters.ts';
import { EndpointRequest } from '../codec/host-config.ts';
import { NetworkCreateRequest, networkInspect, networkRequest, networkWarning } from '../codec/network.ts';
import { networkStatus } from '../network-status.ts';

const listKeys = ['dangling', 'driver', 'id', 'label', 'label!', 'name', 'scope', 'type'];
const own = ['bridge', 'host', 'none'];

type Row = ReturnType<typeof networkInspect>;

const tests: Readonly<Record<string, (row: Row, value: string) => boolean>> = {
  type: ({ Name }, value) => (value === 'builtin') === own.includes(Name),
  driver: ({ Driver }, value) => Driver === value,
  scope: ({ Scope }, value) => Scope === value,
  id: ({ Id }, value) => Id.startsWith(value),
  name: ({ Name }, value) => matches(Name, value),
};

async function list({ api, minor, query, signal }: ApiRequest): Promise<Reply> {
  const filters = parseFilters(query, listKeys);
  const dangling = flagFilter(filters, 'dangling');
  const networks = (await api.networks.list({}, signal)).filter(
    ({ name, containers }) => dangling === undefined || dangling === (!own.includes(name) && containers.length === 0),
  );
  const fits = (row: Row) =>
    Object.entries(tests).every(([key, test]) => filters.get(key)?.some((value) => test(row, value)) ?? true);
  const rows = networks.map((network) => networkInspect(network, minor));
  return json(rows.filter((row) => fits(row) && labelsFit(row.Labels, filters)));
}

async function inspect({ api, minor, params, signal }: ApiRequest): Promise<Reply> {
  const [network, containers] = await Promise.all([
    api.networks.inspect({ network: params['id'] ?? '' }, signal),
    api.containers.list({ all: false }, signal),
  ]);
  const status = minor >= 52 && { Status: networkStatus(network, containers) };
  return json({ ...networkInspect(network, minor, containers), ...status });
}

async function create(request: ApiRequest): Promise<Reply> {
  const asked = decode(NetworkCreateRequest, await request.json());
  const wanted = networkRequest(asked);
  if (own.includes(wanted.name)) throw refusal(403, `operation is not permitted on predefined ${wanted.name} network`);
  try {
    const { id } = await request.api.networks.create(wanted, request.signal);
    return json({ Id: id, Warning: networkWarning(asked) }, 201);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.code === 'name-in-use') throw refusal(409, `network with name ${wanted.name} already exists`);
    if (error.code === 'in-use')
      throw refusal(403, `Pool overlaps with other one on this address space: ${error.message}`);
    throw error;
  }
}

async function remove({ api, params, signal }: ApiRequest): Promise<Reply> {
  const network = params['id'] ?? '';
  try {
    await api.networks.remove({ network }, signal);
    return empty();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.code === 'permission-denied')
      throw refusal(403, `${network} is a pre-defined network and cannot be removed`);
    if (error.code === 'in-use')
      throw refusal(403, `error while removing network: network ${network} has active endpoints: ${error.message}`);
    throw error;
  }
}

const ConnectRequest = v.object({ Container: Text, EndpointConfig: EndpointRequest });

async function connect(request: ApiRequest): Promise<Reply> {
  const { Container: container, EndpointConfig } = decode(ConnectRequest, await request.json());
  const endpoint = endpointSettings(request.params['id'] ?? '', EndpointConfig);
  await request.api.networks.connect({ container, endpoint }, request.signal).catch(aboutContainer(container));
  return empty(200);
}

const DisconnectRequest = v.object({ Container: Text, Force: Flag });

async function disconnect(request: ApiRequest): Promise<Reply> {
  const { Container: container, Force: force } = decode(DisconnectRequest, await request.json());
  const network = request.params['id'] ?? '';
  await request.api.networks.disconnect({ network, container, force }, request.signal).catch(aboutContainer(container));
  return empty(200);
}

/** The path names the network, the body the container. */
function aboutContainer(container: string) {
  return (error: unknown): never => {
    if (error instanceof EngineError && error.code === 'no-such-container')
      throw refusal(404, `No such container: ${container}`);
    throw error;
  };
}

async function prune({ api, engine, query, signal }: ApiRequest): Promise<Reply> {
  const filters = parseFilters(query, ['until', 'label', 'label!']);
  const before = untilFilter(filters, Date.now());
  const { names } = await api.networks.prune(
    {
      labels: [...(filters.get('label') ?? [])],
      withoutLabels: [...(filters.get('label!') ?? [])],
      ...(before !== undefined && { before: String(before) }),
    },
    signal,
  );
  engine.events.note('network', 'prune', { reclaimed: '0' });
  return json({ NetworksDeleted: names });
}

export const networkRoutes: readonly Route[] = [
  { method: 'GET', path: '/networks', needsEngine: true, handle: list },
  { method: 'GET', path: '/networks/{id}', needsEngine: true, handle: inspect, partly: 'no services' },
  { method: 'POST', path: '/networks/create', needsEngine: true, handle: create, partly: 'bridges alone' },
  { method: 'DELETE', path: '/networks/{id}', needsEngine: true, handle: remove },
  { method: 'POST', path: '/networks/{id}/connect', needsEngine: true, handle: connect },
  { method: 'POST', path: '/networks/{id}/disconnect', needsEngine: true, handle: disconnect },
  { method: 'POST', path: '/networks/prune', needsEngine: true, handle: prune },
];

/** Containers: started, stopped, waited for. */
import { EngineError } from '../../base/error.ts';
import { isLive } from '../../contract/container-state.ts';
import { psColumns } from '../../contract/ps-columns.ts';
import { empty, json, type ApiRequest, type Engine, type Reply, type Route } from '../api.ts';
import { noteOfContainer } from '../container-event.ts';
import type { Api } from '../docker-host.ts';
import { whole } from '../codec/decode.ts';
import { refusal } from '../codec/error.ts';
import { notPaused, notRunning, wrongState } from '../state-words.ts';

const conditions = ['not-running', 'next-exit', 'removed'] as const;

async function start({ api, engine, params, query, signal }: ApiRequest): Promise<Reply> {
  if (query.has('checkpoint') && query.text('checkpoint') !== '')
    throw new EngineError('unsupported', 'checkpoints are not supported by this engine');
  const asked = params['id'] ?? '';
  if (engine.unstarted.take(asked) !== undefined) return startWithAttached(api, engine, asked);
  const info = await api.containers.inspect({ id: asked }, signal);
  if (info.state.status === 'paused')
    throw new EngineError('wrong-state', 'cannot start a paused container, try unpause instead');
  return isLive(info) ? empty(304) : startWithAttached(api, engine, info.id);
}

/** The first of those who attached before gets the stream of the start, whose bytes are from the first one on. */
async function startWithAttached(api: Api, engine: Engine, id: string): Promise<Reply> {
  const waiters = engine.pending.take(id);
  try {
    const { stream } = await api.containers.start({ id, attach: waiters.length > 0 });
    let bytes = stream === undefined ? undefined : engine.openStream(stream);
    for (const waiter of waiters) if (waiter(bytes ?? 'running')) bytes = undefined;
    bytes?.destroy();
    return empty();
  } catch (error) {
    const runs = await wasStarted(api, id, error);
    for (const waiter of waiters) waiter(runs ? 'running' : 'gone');
    if (runs) return empty(304);
    throw error;
  }
}

/** Somebody else was quicker: the guest has made this start wait for that one, whose ports are in use by now. */
async function wasStarted(api: Api, id: string, error: unknown): Promise<boolean> {
  if (!(error instanceof EngineError) || !['wrong-state', 'port-busy'].includes(error.code)) return false;
  const found = await api.containers.inspect({ id }).catch(() => undefined);
  const status = found?.state.status;
  return status === 'running' || (status === 'exited' && error.code === 'wrong-state');
}

async function stop({ api, params, query, signal }: ApiRequest): Promise<Reply> {
  const info = await api.containers.inspect({ id: params['id'] ?? '' }, signal);
  if (!isLive(info)) return empty(304);
  await api.containers.stop({ id: info.id, ...grace(query) });
  return empty();
}

async function restart({ api, params, query }: ApiRequest): Promise<Reply> {
  await api.containers.restart({ id: params['id'] ?? '', ...grace(query) });
  return empty();
}

function grace(query: ApiRequest['query']): { timeoutSeconds?: number; signal?: string } {
  const timeoutSeconds = whole(query, 't');
  const signal = query.text('signal');
  return { ...(timeoutSeconds !== undefined && { timeoutSeconds }), ...(signal !== '' && { signal }) };
}

async function kill({ api, params, query, signal }: ApiRequest): Promise<Reply> {
  const info = await api.containers.inspect({ id: params['id'] ?? '' }, signal);
  const { id } = info;
  if (!isLive(info))
    throw new EngineError(
      'wrong-state',
      `cannot kill container: ${params['id'] ?? ''}: container ${id} is not running`,
    );
  await api.containers.kill({ id, signal: query.text('signal') || 'SIGKILL' });
  return empty();
}

async function pause({ api, params, signal }: ApiRequest): Promise<Reply> {
  const id = params['id'] ?? '';
  await api.containers.pause({ id }, signal).catch(wrongState(api, id, notRunning));
  return empty();
}

async function unpause({ api, params, signal }: ApiRequest): Promise<Reply> {
  const id = params['id'] ?? '';
  await api.containers.unpause({ id }, signal).catch(wrongState(api, id, notPaused));
  return empty();
}

/** Headers go out when the wait has begun: clients start the container after that. */
async function wait({ api, engine, params, query, signal }: ApiRequest): Promise<Reply> {
  const condition = conditions.find((one) => one === (query.text('condition') || 'not-running'));
  if (condition === undefined)
    throw new EngineError('invalid-argument', `invalid condition: ${JSON.stringify(query.text('condition'))}`);
  const asked = params['id'] ?? '';
  const { id } =
    engine.unstarted.get(asked) === undefined ? await api.containers.inspect({ id: asked }, signal) : { id: asked };
  const ended = api.containers.wait({ id, condition }, signal);
  ended.catch(() => undefined);
  return { kind: 'stream', type: 'application/json', bytes: outcome(ended) };
}

async function* outcome(ended: ReturnType<Api['containers']['wait']>): AsyncGenerator<string> {
  const { exitCode, error } = await ended;
  yield `${JSON.stringify({ StatusCode: exitCode, ...(error !== undefined && { Error: { Message: error } }) })}\n`;
}

async function top(request: ApiRequest): Promise<Reply> {
  const { api, params, query, signal } = request;
  const id = params['id'] ?? '';
  const columns = psColumns((query.text('ps_args') || '-ef').split(/\s+/).filter((word) => word !== ''));
  if (!columns.some(({ title }) => title === 'PID')) throw refusal(500, "Couldn't find PID field in ps output");
  const { processes } = await api.containers
    .top({ id, columns: columns.map(({ column }) => column) }, signal)
    .catch(wrongState(api, id, notRunning));
  await noteOfContainer(request, id, 'top');
  return json({ Titles: columns.map(({ title }) => title), Processes: processes });
}

export const containerLifeRoutes: readonly Route[] = [
  { method: 'POST', path: '/containers/{id}/start', needsEngine: true, handle: start },
  { method: 'POST', path: '/containers/{id}/stop', needsEngine: true, handle: stop },
  { method: 'POST', path: '/containers/{id}/restart', needsEngine: true, handle: restart },
  { method: 'POST', path: '/containers/{id}/kill', needsEngine: true, handle: kill },
  { method: 'POST', path: '/containers/{id}/pause', needsEngine: true, handle: pause },
  { method: 'POST', path: '/containers/{id}/unpause', needsEngine: true, handle: unpause },
  { method: 'POST', path: '/containers/{id}/wait', needsEngine: true, handle: wait },
  {
    ...{ method: 'GET', path: '/containers/{id}/top', needsEngine: true, handle: top },
    partly: 'ps_args: columns, and options that choose all processes',
  },
];

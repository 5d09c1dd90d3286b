/** Containers: logs, attach, stats, the size of the terminal. */
import type { Duplex } from 'node:stream';
import { delay } from '../../base/deadline.ts';
import { EngineError } from '../../base/error.ts';
import { stateWord } from '../../contract/times.ts';
import { empty, json, type ApiRequest, type Reply, type Route } from '../api.ts';
import type { Api } from '../docker-host.ts';
import { flag, size, type Query } from '../codec/decode.ts';
import { detachKeys } from '../codec/detach-keys.ts';
import { logDetails } from '../codec/log-details.ts';
import { nanoseconds } from '../codec/filters.ts';
import { containerStats, idleStats } from '../codec/stats.ts';
import { closing } from '../closing.ts';
import { noteOfContainer } from '../container-event.ts';
import { logBytes } from '../log-bytes.ts';
import { restarting } from '../state-words.ts';
import { joinStdio, write, type StdioOptions } from '../stdio.ts';
import type { Terminal } from '../unstarted.ts';

type Info = Awaited<ReturnType<Api['containers']['inspect']>>;

const statsInterval = 1000;

async function logs({ api, engine, minor, params, query, signal }: ApiRequest): Promise<Reply> {
  const [stdout, stderr] = [flag(query, 'stdout'), flag(query, 'stderr')];
  if (!stdout && !stderr)
    throw new EngineError('invalid-argument', 'Bad parameters: you must choose at least one stream');
  const info = await api.containers.inspect({ id: params['id'] ?? '' }, signal);
  const { id, spec } = info;
  const range = { follow: flag(query, 'follow'), tail: tailOf(query), ...times(query) };
  const { stream } = await api.containers.logs({ id, stdout, stderr, ...range }, signal);
  const details = flag(query, 'details') ? logDetails(info) : '';
  const form = { raw: spec.tty, time: flag(query, 'timestamps'), details };
  const bytes = closing(engine.openStream(stream), (records) => logBytes(records, form));
  const framed = !spec.tty && minor >= 42;
  const type = framed ? 'application/vnd.docker.multiplexed-stream' : 'application/vnd.docker.raw-stream';
  return { kind: 'stream', type, bytes };
}

function tailOf(query: Query): number {
  const text = query.text('tail');
  // What is no number means all, as in Docker.
  return /^[0-9]{1,9}$/.test(text) ? Number(text) : -1;
}

function times(query: Query): { since?: string; until?: string } {
  return { ...timeOf(query, 'since'), ...timeOf(query, 'until') };
}

function timeOf(query: Query, name: 'since' | 'until') {
  const text = query.text(name);
  if (text === '' || text === '0') return {};
  const time = nanoseconds(text);
  if (time === undefined)
    throw new EngineError('invalid-argument', `invalid value for ${JSON.stringify(name)}: ${text}`);
  return { [name]: String(time) };
}

/** A container that does not run yet is waited for: clients attach before they start. */
async function attach(request: ApiRequest): Promise<Reply> {
  const chosen = (name: string) => flag(request.query, name);
  const { tty, serve } = await attachment(request, { chosen, framed: true });
  return { kind: 'pipe', tty, serve };
}

/** Until 1.41 all three streams whatever was asked for. */
async function attachWebSocket(request: ApiRequest): Promise<Reply> {
  const chosen = (name: string) => request.minor < 42 || flag(request.query, name);
  const { serve } = await attachment(request, { chosen, framed: false });
  return { kind: 'websocket', serve };
}

interface Attachment {
  readonly chosen: (stream: 'stdin' | 'stdout' | 'stderr') => boolean;
  /** Unless there is a terminal. */
  readonly framed: boolean;
}

async function attachment(request: ApiRequest, { chosen, framed }: Attachment) {
  const { query } = request;
  const target = await attachTarget(request);
  const { tty, openStdin, stdinOnce } = target.terminal;
  const options: StdioOptions = {
    tty,
    raw: tty || !framed,
    stdin: chosen('stdin') && openStdin,
    stdout: chosen('stdout'),
    stderr: chosen('stderr'),
    closeStdin: stdinOnce && !tty,
    detachKeys: detachKeys(query.text('detachKeys')),
    onDetach: () => void noteOfContainer(request, target.id, 'detach'),
  };
  return { tty, serve: (client: Duplex) => serveAttached(request, target, client, options) };
}

interface AttachTarget {
  readonly id: string;
  readonly runs: boolean;
  readonly terminal: Terminal;
}

async function attachTarget({ api, engine, params, signal }: ApiRequest): Promise<AttachTarget> {
  const asked = params['id'] ?? '';
  const made = engine.unstarted.get(asked);
  if (made !== undefined) return { id: asked, runs: false, terminal: made };
  const info = await api.containers.inspect({ id: asked }, signal);
  const { id, spec, state } = info;
  if (state.status === 'paused')
    throw new EngineError('wrong-state', `container ${id} is paused, unpause the container before attach`);
  if (stateWord(info) === 'restarting') throw new EngineError('wrong-state', restarting(id));
  return { id, runs: state.status === 'running', terminal: spec };
}

async function serveAttached(
  request: ApiRequest,
  target: AttachTarget,
  client: Duplex,
  options: StdioOptions,
): Promise<void> {
  const { query } = request;
  try {
    if (flag(query, 'logs')) await replay(request, target.id, client, options);
    const guest = flag(query, 'stream') ? await attachedStream(request, target, options) : undefined;
    if (guest === undefined) client.end();
    else await joinStdio(guest, client, options);
  } catch (error) {
    request.engine.log.warn({ err: error }, 'a client was not attached');
    client.destroy();
  }
}

async function attachedStream(
  { api, engine, signal }: ApiRequest,
  { id, runs }: AttachTarget,
  { stdin }: StdioOptions,
) {
  if (!runs) {
    const begun = await engine.pending.wait(id, signal);
    if (begun === 'gone') return undefined;
    if (begun !== 'running') return begun;
  }
  const { stream } = await api.containers.attach({ id, stdin }, signal);
  return engine.openStream(stream);
}

async function replay({ api, engine, signal }: ApiRequest, id: string, client: Duplex, options: StdioOptions) {
  const { raw, stdout, stderr } = options;
  const { stream } = await api.containers.logs({ id, stdout, stderr, follow: false, tail: -1 }, signal);
  const form = { raw, time: false, details: '' };
  for await (const bytes of closing(engine.openStream(stream), (records) => logBytes(records, form)))
    await write(client, bytes);
}

async function resize({ api, params, query, signal }: ApiRequest): Promise<Reply> {
  const [rows, columns] = [size(query, 'h'), size(query, 'w')];
  await api.containers.resize({ id: params['id'] ?? '', rows, columns }, signal);
  return empty(200);
}

async function stats(request: ApiRequest): Promise<Reply> {
  const { api, params, query, signal } = request;
  const info = await api.containers.inspect({ id: params['id'] ?? '' }, signal);
  if (flag(query, 'stream', true)) return { kind: 'stream', type: 'application/json', bytes: samples(request, info) };
  const first = await sample(api, info, signal);
  if (first === undefined) return json(idleStats(info.id, info.name));
  if (flag(query, 'one-shot')) return json(containerStats(first, undefined));
  await delay(statsInterval, signal);
  const second = await sample(api, info, signal);
  return json(second === undefined ? idleStats(info.id, info.name) : containerStats(second, first));
}

/** Ends when the container is gone, or the client. */
async function* samples({ api, signal }: ApiRequest, info: Info): AsyncGenerator<string> {
  let before: Sample;
  for (;;) {
    const now = await sample(api, info, signal).catch(isGone);
    if (now === 'gone') return;
    yield `${JSON.stringify(now === undefined ? idleStats(info.id, info.name) : containerStats(now, before))}\n`;
    before = now;
    await delay(statsInterval, signal);
  }
}

type Sample = Awaited<ReturnType<typeof sample>>;

function isGone(error: unknown): 'gone' {
  if (error instanceof EngineError && error.code === 'no-such-container') return 'gone';
  throw error;
}

/** Undefined for one that does not run. */
async function sample(api: Api, { id }: Info, signal: AbortSignal) {
  try {
    const [one] = await api.containers.stats({ ids: [id] }, signal);
    return one;
  } catch (error) {
    if (error instanceof EngineError && error.code === 'wrong-state') return undefined;
    throw error;
  }
}

export const containerStreamRoutes: readonly Route[] = [
  { method: 'GET', path: '/containers/{id}/logs', needsEngine: true, handle: logs },
  {
    ...{ method: 'POST', path: '/containers/{id}/attach', needsEngine: true, handle: attach },
    partly: 'without an upgrade, input is the body of the request',
  },
  { method: 'GET', path: '/containers/{id}/attach/ws', needsEngine: true, handle: attachWebSocket },
  { method: 'POST', path: '/containers/{id}/resize', needsEngine: true, handle: resize },
  { method: 'GET', path: '/containers/{id}/stats', needsEngine: true, handle: stats },
];

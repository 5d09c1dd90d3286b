import { EngineError } from '../../base/error.ts';
import { asError } from '../../base/deadline.ts';
import { empty, json, type ApiRequest, type Reply, type Route } from '../api.ts';
import { noteOfContainer } from '../container-event.ts';
import { apiError, refusal } from '../codec/error.ts';
import { decode, size } from '../codec/decode.ts';
import { detachKeys } from '../codec/detach-keys.ts';
import { ExecCreateRequest, ExecStartRequest, execInspect, execSpec } from '../codec/exec.ts';
import { notRunning } from '../state-words.ts';
import { dockerFrame, joinStdio } from '../stdio.ts';
import type { Api } from '../docker-host.ts';
import type { Terminal } from '../unstarted.ts';

async function create(request: ApiRequest): Promise<Reply> {
  const { api, engine, params, signal } = request;
  const container = params['id'] ?? '';
  const spec = execSpec(container, decode(ExecCreateRequest, await request.json()));
  try {
    const made = await api.execs.create(spec, signal);
    engine.unstarted.add(made.id, { ...spec, stdinOnce: true });
    return json({ Id: made.id }, 201);
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'wrong-state') throw error;
    const info = await api.containers.inspect({ id: container }, signal);
    if (info.state.status === 'paused')
      throw new EngineError('wrong-state', `container ${info.id} is paused, unpause the container before exec`);
    throw refusal(...notRunning(info));
  }
}

async function start(request: ApiRequest): Promise<Reply> {
  const { api, engine, params } = request;
  const id = params['id'] ?? '';
  const { Detach, Tty, ConsoleSize } = decode(ExecStartRequest, await request.json());
  const terminal = engine.unstarted.take(id) ?? (await unstarted(request, id));
  const size = ConsoleSize !== undefined && Tty ? { consoleSize: ConsoleSize } : {};
  if (Detach) {
    await api.execs.start({ id, attach: false, ...size });
    return empty(200);
  }
  return {
    ...{ kind: 'pipe', tty: Tty || terminal.tty },
    serve: (client) => serve(request, { id, attach: true, ...size }, terminal, client),
  };
}

/** @throws EngineError `wrong-state` for one that was started before */
async function unstarted({ api, signal }: ApiRequest, id: string): Promise<ExecTerminal> {
  const { spec, running, exitCode } = await api.execs.inspect({ id }, signal);
  if (!running && exitCode === undefined) return spec;
  throw new EngineError('wrong-state', `exec ${id} has already ${running ? 'been started' : 'run'}`);
}

type Serve = Extract<Reply, { kind: 'pipe' }>['serve'];
type ExecTerminal = Omit<Terminal, 'stdinOnce'>;

/** The connection is a pipe by now: why nothing runs is told in it, as Docker does. */
async function serve(
  { api, engine }: ApiRequest,
  wanted: Parameters<Api['execs']['start']>[0],
  { tty, openStdin, attachStdout = true, attachStderr = true, detachKeys: keys = '' }: ExecTerminal,
  client: Parameters<Serve>[0],
) {
  try {
    const { stream } = await api.execs.start(wanted);
    if (stream === undefined) throw new EngineError('internal', 'the process has no stream');
    const ends = { stdin: openStdin, stdout: attachStdout, stderr: attachStderr };
    const onDetach = (): void => void noteDetach({ api, engine }, wanted.id);
    const options = { tty, raw: tty, ...ends, closeStdin: true, detachKeys: detachKeys(keys), onDetach };
    await joinStdio(engine.openStream(stream), client, options);
  } catch (error) {
    const { message } = apiError(asError(error), wanted.id);
    const line = Buffer.from(`OCI runtime exec failed: ${message}\r\n`);
    client.end(tty ? line : dockerFrame(1, line));
  }
}

async function noteDetach(request: Pick<ApiRequest, 'api' | 'engine'>, execID: string): Promise<void> {
  const found = await request.api.execs.inspect({ id: execID }).catch(() => undefined);
  if (found !== undefined) await noteOfContainer(request, found.container, 'exec_detach', { execID });
}

async function resize({ api, params, query, signal }: ApiRequest): Promise<Reply> {
  const [rows, columns] = [size(query, 'h'), size(query, 'w')];
  await api.execs.resize({ id: params['id'] ?? '', rows, columns }, signal);
  return empty(200);
}

async function inspect({ api, params, signal }: ApiRequest): Promise<Reply> {
  const info = await api.execs.inspect({ id: params['id'] ?? '' }, signal);
  const { detachKeys: words } = info.spec;
  const keys = words === undefined ? '' : Buffer.from(detachKeys(words)).toString('base64');
  return json(execInspect(info, keys));
}

export const execRoutes: readonly Route[] = [
  { method: 'POST', path: '/containers/{id}/exec', needsEngine: true, handle: create },
  { method: 'POST', path: '/exec/{id}/start', needsEngine: true, handle: start },
  { method: 'POST', path: '/exec/{id}/resize', needsEngine: true, handle: resize },
  { method: 'GET', path: '/exec/{id}/json', needsEngine: true, handle: inspect },
];

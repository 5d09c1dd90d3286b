/** Byte streams of a container that exists: attach and logs. */
import { EngineError } from '../protocol/errors.ts';
import { frameKind } from '../protocol/stream-format.ts';
import type { Container } from './container.ts';
import { offerAttached } from './container-start.ts';
import { isActive, requireActive } from './container-state.ts';
import type { Engine } from './engine.ts';
import { readLog } from './logs.ts';
import { logPath, monitorSocket } from './paths.ts';

export interface LogParams {
  readonly id: string;
  readonly follow: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Nanoseconds since the epoch, decimal. */
  readonly since?: string;
  readonly until?: string;
  readonly tail: number;
}

/** @throws EngineError `no-such-container`, `wrong-state` */
export async function attachContainer(engine: Engine, id: string, stdin: boolean): Promise<{ stream: string }> {
  const container = engine.containers.get(id);
  requireActive(container.name, container.record.state);
  const socket = monitorSocket(engine.paths, container.id);
  const stream = await offerAttached(engine, socket, { stdin, stdout: true, stderr: true });
  engine.events.emit('container', container.id, 'attach');
  return { stream };
}

/** @throws EngineError `no-such-container`, `wrong-state` */
export async function resizeContainer(
  engine: Engine,
  id: string,
  size: { rows: number; columns: number },
): Promise<void> {
  const container = engine.containers.get(id);
  requireActive(container.name, container.record.state);
  await engine.effects.resize(monitorSocket(engine.paths, container.id), size);
  const [height, width] = [String(size.rows), String(size.columns)];
  engine.events.emit('container', container.id, 'resize', { height, width });
}

/** Reading begins when the stream is opened. */
export function containerLogs(engine: Engine, params: LogParams): { stream: string } {
  const container = engine.containers.get(params.id);
  const { record } = container;
  if (record.spec.log.driver === 'none')
    throw new EngineError('unsupported', 'configured logging driver does not support reading', {
      hint: 'Its output is kept when it is made without "--log-driver none".',
    });
  const query = {
    follow: params.follow,
    stdout: params.stdout,
    stderr: params.stderr,
    tail: params.tail,
    ...(params.since !== undefined && { since: nanoseconds('since', params.since) }),
    ...(params.until !== undefined && { until: nanoseconds('until', params.until) }),
  };
  const log = { path: logPath(engine.paths, record.id), maxFiles: record.spec.log.maxFiles };
  const stream = engine.streams.offer((duplex) => {
    const { promise, forget } = ended(container);
    const records = readLog(log, query, promise);
    records.once('error', () => duplex.destroy()).once('close', forget);
    duplex.once('close', () => records.destroy());
    duplex.resume();
    records.once('end', () => duplex.end(wholeFrame));
    records.pipe(duplex, { end: false });
  });
  return { stream };
}

const wholeFrame = Buffer.from([frameKind.whole, 0, 0, 0, 0]);

/** Resolves at the end of the process: the monitor has written all before anybody is told of it. */
function ended(container: Container): { promise: Promise<void>; forget: () => void } {
  if (!isActive(container.record.state)) return { promise: Promise.resolve(), forget: () => undefined };
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const told = [container.onExit(() => resolve(undefined)), container.onRemoved(() => resolve(undefined))];
  const forget = (): void => {
    for (const step of told) step();
  };
  return { promise, forget };
}

function nanoseconds(name: string, text: string): bigint {
  if (/^\d{1,20}$/.test(text)) return BigInt(text);
  throw new EngineError('invalid-argument', `${name}: ${JSON.stringify(text.slice(0, 40))} is no time in nanoseconds.`);
}

/** Runs the archiver beside a container: in a running one's mounts, or in a stopped one's, put together for the while. */
import type { Duplex } from 'node:stream';
import type { Launched } from '../effects/effects.ts';
import { FrameReader } from '../effects/frames.ts';
import {
  planChangesArchiver,
  planRunningArchiver,
  planStoppedArchiver,
  type ArchiverAt,
} from '../plan/archive-plan.ts';
import type { LaunchPlan } from '../plan/op.ts';
import { archiveFailure } from '../protocol/archive-failure.ts';
import { EngineError } from '../protocol/errors.ts';
import { frameKind } from '../protocol/stream-format.ts';
import type { Container } from './container.ts';
import { containerContext } from './container-context.ts';
import { fillVolumes } from './container-start.ts';
import { isActive } from './container-state.ts';
import type { Engine } from './engine.ts';
import { rangeSize } from './id-ranges.ts';
import { newId } from './names.ts';

/** What it works on: the root with or without what is mounted in it, or what the container has changed. */
export type Work =
  | { readonly on: 'mounts' | 'root'; readonly argv: readonly string[] }
  | { readonly on: 'changes'; readonly verb: 'compare' | 'layer' };

export interface Archiver {
  readonly id: string;
  readonly process: Launched;
  /** Its stdio frames. */
  readonly bytes: Duplex;
}

/**
 * A container that does not run is not started or removed while the archiver works on it.
 * @throws EngineError `no-such-container`, `not-shared`, `no-such-path` (a host folder), `disk-full`
 */
export function startArchiver(engine: Engine, reference: string, work: Work): Promise<Archiver> {
  const container = engine.containers.get(reference);
  if (isActive(container.record.state)) return launch(engine, container, work);
  const begun = Promise.withResolvers<Archiver>();
  void container.mutex.run(async () => {
    try {
      const archiver = await launch(engine, container, work);
      begun.resolve(archiver);
      await archiver.process.exited;
    } catch (error) {
      begun.reject(error instanceof Error ? error : new Error(String(error)));
    }
  });
  return begun.promise;
}

/** Its output, when that is short. @throws EngineError of what it says */
export async function archiverOutput(engine: Engine, reference: string, work: Work): Promise<string> {
  const { bytes } = await startArchiver(engine, reference, work);
  const reader = new FrameReader();
  const [out, failure]: [Buffer[], Buffer[]] = [[], []];
  let exitCode = -1;
  for await (const chunk of bytes as AsyncIterable<Buffer>)
    for (const { kind, payload } of reader.push(chunk)) {
      if (kind === frameKind.stdout) out.push(payload);
      if (kind === frameKind.stderr) failure.push(payload);
      if (kind === frameKind.exit) exitCode = payload.readInt32LE(0);
    }
  if (exitCode !== 0) throw archiveFailure(Buffer.concat(failure).toString());
  return Buffer.concat(out).toString();
}

async function launch(engine: Engine, container: Container, work: Work): Promise<Archiver> {
  if (container.removed) throw new EngineError('no-such-container', `Container ${container.name} was just removed.`);
  const plan = await planner(engine, container, work);
  const id = newId();
  const { process, bytes } = await engine.execs.launch(id, true, plan);
  if (bytes === undefined) throw new EngineError('internal', 'The archiver has no stream.');
  return { id, process, bytes };
}

async function planner(engine: Engine, container: Container, work: Work): Promise<(at: ArchiverAt) => LaunchPlan> {
  const { record } = container;
  const { spec, state, idRangeStart: start } = record;
  if (isActive(state) && work.on !== 'changes') {
    const place = { pid: state.pid, mapped: start !== undefined };
    return (at) => planRunningArchiver(work.argv, at, place, work.on === 'mounts');
  }
  const layerMounts = await engine.layers.mountAll(spec.image.layers);
  const context = containerContext(engine, record, { layerMounts, draft: true, holdForAttach: true });
  if (work.on === 'changes') return (at) => planChangesArchiver(work.verb, at, context);
  if (work.on === 'mounts') {
    await engine.shares.requireSources(spec.mounts);
    await fillVolumes(engine, container, layerMounts);
  }
  const ids = start === undefined ? undefined : { start, count: rangeSize };
  const options = { ids, withMounts: work.on === 'mounts', fresh: state.status === 'created' };
  return (at) => planStoppedArchiver(work.argv, at, { spec, context }, options);
}

/** Files of containers as archives: copies in and out, export, changes, and the writable layer for a new image. */
import { posix } from 'node:path';
import { parseCompared, planChanges } from '../plan/change-plan.ts';
import type { FileChange, PathStat } from '../protocol/archive.ts';
import { EngineError } from '../protocol/errors.ts';
import { archiverOutput, startArchiver, type Archiver } from './archiver.ts';
import { userOf } from './container-context.ts';
import { pauseContainer } from './container-stop.ts';
import type { Engine } from './engine.ts';
import { containerDir, layerMount } from './paths.ts';

interface AtPath {
  readonly id: string;
  readonly path: string;
}

/** @throws EngineError `no-such-container`, `no-such-path`, `invalid-argument` */
export async function archiveStat(engine: Engine, { id, path }: AtPath): Promise<PathStat> {
  const asked = absolute(path);
  const output = await archiverOutput(engine, id, { on: 'mounts', argv: ['stat', asked] });
  const end = output.indexOf('\n');
  const [mode = '', size = '', mtimeNano = ''] = output.slice(0, end).split(' ');
  const link = output.slice(end + 1);
  return {
    name: nameOf(asked),
    ...{ mode: Number(mode), size: Number(size), mtimeNano },
    linkTarget: link === '' ? '' : posix.normalize(link),
  };
}

/** @throws EngineError `no-such-container`, `no-such-path`, `invalid-argument` */
export async function archiveGet(engine: Engine, params: AtPath): Promise<{ stream: string; stat: PathStat }> {
  const stat = await archiveStat(engine, params);
  const path = absolute(params.path);
  const name = stat.name === '/' ? '.' : stat.name;
  const archiver = await startArchiver(engine, params.id, { on: 'mounts', argv: ['get', path, name] });
  tell(engine, params.id, 'archive-path');
  return { stream: offerWhole(engine, archiver), stat };
}

export interface PutParams extends AtPath {
  readonly noOverwriteDirNonDir: boolean;
  readonly copyUidGid: boolean;
}

/** @throws EngineError `no-such-container`, `no-such-path`, `invalid-argument` (no folder) */
export async function archivePut(engine: Engine, params: PutParams): Promise<{ stream: string }> {
  const path = `${absolute(params.path).replace(/\/+$/, '')}/.`;
  // What is wrong with the path is told before anything is sent.
  await archiverOutput(engine, params.id, { on: 'mounts', argv: ['stat', path] });
  const owner = params.copyUidGid ? ownerOf(engine, params.id) : [];
  const argv = ['put', path, params.noOverwriteDirNonDir ? '1' : '0', ...owner];
  const { bytes } = await startArchiver(engine, params.id, { on: 'mounts', argv });
  tell(engine, params.id, 'extract-to-dir');
  return { stream: engine.execs.offer(bytes) };
}

/** @throws EngineError `no-such-container` */
export async function exportContainer(engine: Engine, id: string): Promise<{ stream: string }> {
  const archiver = await startArchiver(engine, id, { on: 'root', argv: ['get', '/', ''] });
  tell(engine, id, 'export');
  return { stream: offerWhole(engine, archiver) };
}

function tell(engine: Engine, reference: string, action: string): void {
  engine.events.emit('container', engine.containers.get(reference).id, action);
}

/** @throws EngineError `no-such-container` */
export async function containerChanges(engine: Engine, id: string): Promise<FileChange[]> {
  return planChanges(parseCompared(await archiverOutput(engine, id, { on: 'changes', verb: 'compare' })));
}

/** @throws EngineError `no-such-container` */
export async function containerLayer(
  engine: Engine,
  { id, pause }: { id: string; pause: boolean },
): Promise<{ stream: string }> {
  const { record } = engine.containers.get(id);
  const pauses = pause && record.state.status === 'running';
  if (pauses) await pauseContainer(engine, record.id, true, true);
  const goOn = async (): Promise<void> => {
    // It may have been removed, or gone on by somebody's word.
    if (pauses && record.pausedToRead === true) await pauseContainer(engine, record.id, false).catch(() => undefined);
  };
  try {
    const archiver = await startArchiver(engine, record.id, { on: 'changes', verb: 'layer' });
    void archiver.process.exited.then(goOn);
    return { stream: offerWhole(engine, archiver) };
  } catch (error) {
    await goOn();
    throw error;
  }
}

/** Whoever does not take all of it ends the archiver. */
function offerWhole(engine: Engine, { id, bytes }: Archiver): string {
  bytes.once('close', () => void engine.execs.kill(id));
  return engine.execs.offer(bytes);
}

/** Ids of the container's own user. */
function ownerOf(engine: Engine, id: string): string[] {
  const { record } = engine.containers.get(id);
  const { spec } = record;
  const layerMounts = spec.image.layers.map((layer) => layerMount(engine.paths, layer));
  const { uid, gid } = userOf(spec, containerDir(engine.paths, record.id), layerMounts);
  return [String(uid), String(gid)];
}

function absolute(path: string): string {
  if (path === '' || path.includes('\0'))
    throw new EngineError('invalid-argument', `${JSON.stringify(path)} is not a path of a container.`, {
      hint: 'Give a path such as /etc/hosts.',
    });
  return path.startsWith('/') ? path : `/${path}`;
}

/** As Go's filepath.Base, which Docker's clients expect: `.` for what ends with `/.`. */
function nameOf(path: string): string {
  return path.replace(/\/+$/, '').split('/').at(-1) || '/';
}

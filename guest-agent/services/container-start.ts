/** From a made container to a running process. What was prepared is taken back when it does not come to that. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { planContainer } from '../plan/container-plan.ts';
import type { Endpoint } from '../protocol/container.ts';
import { EngineError } from '../protocol/errors.ts';
import { joinStreams } from '../streams/join.ts';
import { nowNano } from './clock.ts';
import type { Container } from './container.ts';
import { containerContext } from './container-context.ts';
import { isNamed } from './container-files.ts';
import { gatewayEndpoint, joinNetworks, networksOf, removeCables } from './container-networks.ts';
import { cleanCgroup } from './container-cgroup.ts';
import { forgetExit, watchExit } from './container-exit.ts';
import { removeLocked } from './container-remove.ts';
import { isActive, requireStartable, startFailed, started } from './container-state.ts';
import type { Engine } from './engine.ts';
import type { AttachEnds, Launched } from '../effects/effects.ts';
import { containerDir, monitorSocket } from './paths.ts';
import { volumeMounts, type ContainerRecord, type PublishedPort } from './records.ts';
import { forgetRestart } from './restart-schedule.ts';
import { shmOf } from './shared-shm.ts';

/** Exit codes of a command that could not be run, as shells and Docker have them. */
const commandFailures: Readonly<Record<string, number>> = { 'command-not-found': 127, 'command-not-executable': 126 };
const allEnds: AttachEnds = { stdin: true, stdout: true, stderr: true };

/** With `attach` the answer's stream has all output from the first byte. */
export async function startContainer(engine: Engine, id: string, attach: boolean): Promise<{ stream?: string }> {
  const container = engine.containers.get(id);
  return container.mutex.run(() => {
    startedBySomebody(container);
    return startLocked(engine, container, attach);
  });
}

/** Its restart policy counts from here. */
export function startedBySomebody(container: Container): void {
  if (isActive(container.record.state)) return;
  forgetRestart(container);
  container.record.restartCount = 0;
  container.record.stopped = false;
}

export async function startLocked(engine: Engine, container: Container, attach: boolean): Promise<{ stream?: string }> {
  const { record } = container;
  if (container.removed) throw new EngineError('no-such-container', `Container ${record.name} was just removed.`);
  requireStartable(record.name, record.state);
  const undo: (() => void)[] = [];
  try {
    return await launch(engine, container, { attach, undo });
  } catch (error) {
    for (const step of undo.reverse()) step();
    container.record.starting = false;
    await cleanCgroup(engine, container.record);
    await noteFailure(engine, container, error);
    throw error;
  }
}

async function launch(
  engine: Engine,
  container: Container,
  { attach, undo }: { attach: boolean; undo: (() => void)[] },
): Promise<{ stream?: string }> {
  const { record } = container;
  if (record.state.status === 'exited') {
    await forgetExit(containerDir(engine.paths, record.id));
    await cleanCgroup(engine, record);
    await removeCables(engine, record);
  }
  const prepared = await prepare(engine, container, undo);
  const named = prepared.endpoints.some(isNamed);
  const { plan } = planContainer(
    record.spec,
    containerContext(engine, record, { ...prepared, draft: false, holdForAttach: attach || named }),
  );
  const { socket } = plan.monitor;
  const held = attach ? Promise.withResolvers<string>() : undefined;
  held?.promise.catch(() => undefined);
  let answering: Promise<void> | undefined;
  const onReady = (pid: number): void => {
    answering = named ? engine.nameServer.open(record.id, pid) : undefined;
    void settled(answering)
      .then(() => (attach ? offerAttached(engine, socket, allEnds) : letGo(engine, socket)))
      .then(held?.resolve, held?.reject);
  };
  const noted = noteStarting(engine, record);
  const launched = engine.effects.launch(plan, attach || named ? onReady : undefined);
  const [process] = await Promise.all([launched, noted, noteEndpoint(engine, record, prepared)]);
  const published = await orEnd(engine, record, process, async () => {
    await answering;
    return publish(engine, record, prepared.endpoints);
  });
  record.state = started(record.name, record.state, { pid: process.pid, startedAt: nowNano() });
  record.starting = false;
  record.endpoints = [...prepared.endpoints];
  record.published = published;
  container.whileRunning.push(...undo);
  if (record.spec.autoRemove && published.length === 0) engine.store.saveLater(record.id, record);
  else engine.store.noteContainer(record);
  engine.volumes.tellUse(record, 'mount');
  engine.events.emit('container', record.id, 'start');
  watchExit(engine, container, process);
  return held === undefined ? {} : { stream: await held.promise };
}

/**
 * That a kept container was started must be known even when the power goes at once. The disk is written to while the
 * launcher works, so that the start takes no longer for it.
 */
function noteStarting(engine: Engine, record: ContainerRecord): Promise<void> {
  record.bootId = engine.bootId;
  record.starting = true;
  if (record.spec.autoRemove) return Promise.resolve();
  engine.store.saveContainer(record);
  return engine.store.synced();
}

/**
 * The next agent finds a container that goes by itself by its monitor, but not its address: that is written, too, while
 * the launcher works.
 */
async function noteEndpoint(engine: Engine, record: ContainerRecord, prepared: Prepared): Promise<void> {
  if (!record.spec.autoRemove || prepared.endpoints.length === 0) return;
  await nextTurn();
  record.endpoints = [...prepared.endpoints];
  engine.store.noteContainer(record);
}

interface Prepared {
  readonly layerMounts: readonly string[];
  readonly endpoints: readonly Endpoint[];
  readonly sharedShm?: string;
}

async function prepare(engine: Engine, container: Container, undo: (() => void)[]): Promise<Prepared> {
  const { spec, id } = container.record;
  await engine.shares.requireSources(spec.mounts);
  undo.push(await engine.volumes.hold(container.record));
  await engine.engineSocket.serveFor(spec);
  const layerMounts = await engine.layers.mountAll(spec.image.layers);
  await fillVolumes(engine, container, layerMounts);
  const shm = await shmOf(engine, container, undo);
  if (networksOf(spec).length === 0) return { layerMounts, sharedShm: shm, endpoints: [] };
  await engine.networks.ready();
  const endpoints = joinNetworks(engine, container.record);
  undo.push(() => {
    engine.nameServer.close(id);
    engine.networks.leave(id);
  });
  return { layerMounts, sharedShm: shm, endpoints };
}

async function publish(
  engine: Engine,
  { id, spec }: ContainerRecord,
  endpoints: readonly Endpoint[],
): Promise<PublishedPort[]> {
  const endpoint = gatewayEndpoint(engine, spec, endpoints);
  if (endpoint === undefined) return [];
  const { hostBinding } = engine.networks.get(endpoint.network).options;
  const ports = spec.ports.map((port) => ({ ...port, hostAddress: port.hostAddress || hostBinding }));
  return engine.networks.ports.publish(id, endpoint, ports);
}

/** A started process for which the rest can't be done is ended again: nothing half done stays. */
async function orEnd<T>(
  engine: Engine,
  { id }: ContainerRecord,
  process: Launched,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await engine.effects.signal(monitorSocket(engine.paths, id), 9).catch(() => undefined);
    await process.exited;
    throw error;
  }
}

/** Whether it came to something is asked by whoever can end the process. */
async function settled(work: Promise<void> | undefined): Promise<void> {
  await work?.catch(() => undefined);
}

/** A held process goes on with the first who attaches. */
async function letGo(engine: Engine, socket: string): Promise<string> {
  const stream = await engine.effects.attach(socket, { stdin: false, stdout: true, stderr: false });
  stream.destroy();
  return '';
}

/** Attaches now, so that no output is missed, and offers the bytes to whoever has the token. */
export async function offerAttached(engine: Engine, socket: string, ends: AttachEnds): Promise<string> {
  const monitor = await engine.effects.attach(socket, ends);
  return engine.streams.offer(
    (stream) => joinStreams(stream, monitor),
    () => monitor.destroy(),
  );
}

/** A volume that is used for the first time gets what the image has at its place; so does a part, for a new container. */
export async function fillVolumes(
  engine: Engine,
  { record }: Container,
  layerMounts: readonly string[],
): Promise<void> {
  for (const { mount, volume } of volumeMounts(record)) {
    if (!mount.copyUp || mount.from !== undefined) continue;
    const fill = async (data: string): Promise<void> => {
      const { fillVolume } = await import('./volume-fill.ts');
      await fillVolume(engine, { layers: layerMounts, target: mount.target, data, key: record.id });
    };
    if (mount.subpath === undefined) await engine.volumes.fillOnce(volume, fill);
    else if (record.state.status === 'created') await engine.volumes.fillPart(volume, mount.subpath, fill);
  }
}

async function noteFailure(engine: Engine, container: Container, error: unknown): Promise<void> {
  const { record } = container;
  if (record.spec.autoRemove) return removeLocked(engine, container, { force: true, volumes: true });
  const exitCode = error instanceof EngineError ? commandFailures[error.code] : undefined;
  if (exitCode === undefined || !(error instanceof Error)) {
    engine.store.noteContainer(record);
    return;
  }
  record.state = startFailed(record.state, { exitCode, error: error.message, at: nowNano() });
  engine.store.noteContainer(record);
  engine.events.emit('container', record.id, 'die', { exitCode: String(exitCode) });
}

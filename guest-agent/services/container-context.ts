/** Everything that a container's plan needs besides its specification, looked up in the guest. */
import { join } from 'node:path';
import type { ContainerContext, JoinTarget } from '../plan/context.ts';
import { needsIdRange } from '../plan/namespaces-plan.ts';
import { resolveUser, type ResolvedUser } from '../plan/user.ts';
import type { ContainerSpec, Mount } from '../protocol/container-spec.ts';
import type { Endpoint } from '../protocol/container.ts';
import { containerFiles } from './container-files.ts';
import { bridgeEndpoints } from './container-networks.ts';
import { requireRunning } from './container-state.ts';
import { deviceNodes, throttleDevices } from './devices.ts';
import type { Engine } from './engine.ts';
import { rangeSize } from './id-ranges.ts';
import { joined } from './joins.ts';
import { readContainerFile } from './image-files.ts';
import * as place from './paths.ts';
import type { ContainerRecord } from './records.ts';

/** What differs between a start and a mere look at the plan. */
export interface ContextChoices {
  /** Mount points of the layers, bottom first. */
  readonly layerMounts: readonly string[];
  /** The plan is only looked at: layers need not be mounted, joined containers need not run, users are not resolved. */
  readonly draft: boolean;
  readonly endpoints?: readonly Endpoint[];
  readonly sharedShm?: string;
  readonly holdForAttach: boolean;
}

type Subject = Pick<ContainerRecord, 'id' | 'name' | 'spec' | 'idRangeStart' | 'volumes'>;

/** @throws EngineError for what the specification names and the guest does not have */
export function containerContext(engine: Engine, subject: Subject, choices: ContextChoices): ContainerContext {
  const { id, name, spec } = subject;
  const { paths } = engine;
  const container = place.containerDir(paths, id);
  const joins = joinsOf(engine, subject, choices.draft);
  return {
    id,
    name,
    paths: {
      container,
      scratch: place.scratchDir(paths),
      socket: place.monitorSocket(paths, id),
      state: container,
      log: place.logPath(paths, id),
    },
    layerMounts: choices.layerMounts,
    user: choices.draft ? rootUser : userOf(spec, container, choices.layerMounts),
    ...(needsIdRange(spec) && { idRange: { start: subject.idRangeStart ?? 0, count: rangeSize } }),
    joins,
    endpoints: bridgeEndpoints(engine, subject, choices.endpoints ?? []),
    mountSources: mountSources(engine, subject),
    volumesOfServers: volumesOfServers(engine, subject),
    devices: deviceNodes(spec),
    deviceNumbers: throttleDevices(spec),
    ...(choices.sharedShm !== undefined && { sharedShm: choices.sharedShm }),
    files: containerFiles(engine, subject, choices),
    cgroup: place.cgroupDir(paths, subject),
    cgroupParents: place.cgroupParentDirs(paths, subject),
    keptDevices: place.keptDevices(paths),
    holdForAttach: choices.holdForAttach,
    facts: engine.facts,
  };
}

const rootUser: ResolvedUser = { uid: 0, gid: 0, groups: [], home: '/' };

export function userOf(spec: ContainerSpec, container: string, layerMounts: readonly string[]): ResolvedUser {
  const upper = join(container, 'rw/upper');
  const passwd = readContainerFile(layerMounts, upper, '/etc/passwd');
  const needsGroups = spec.groupAdd.length > 0 || !/^\d*(:\d+)?$/.test(spec.user) || spec.user === '';
  const group = needsGroups ? readContainerFile(layerMounts, upper, '/etc/group') : '';
  return resolveUser(spec.user, spec.groupAdd, passwd, group);
}

/** Who is joined must run at a start; for the rest it may be gone: whose ids these are is known. */
function joinsOf(engine: Engine, { spec, idRangeStart }: Subject, draft: boolean): ContainerContext['joins'] {
  const { network, ipc } = spec.namespaces;
  const target = (word: string): JoinTarget | undefined => {
    const reference = joined(word);
    if (reference === undefined) return undefined;
    const found = draft ? engine.containers.find(reference) : engine.containers.get(reference);
    const { id, start } = found
      ? { id: found.id, start: found.record.idRangeStart }
      : { id: reference, start: idRangeStart };
    const pid = draft || !found ? 0 : requireRunning(found.name, found.record.state).pid;
    return { container: id, pid, ...(start !== undefined && { idRange: { start, count: rangeSize } }) };
  };
  return { network: target(network), pid: target(spec.namespaces.pid), ipc: target(ipc) };
}

function locate(engine: Engine, at: { share: string; subpath: string; hostPath: string }): string {
  return engine.shares.locate(at.share, at.subpath, at.hostPath);
}

function volumeSource(engine: Engine, mount: Extract<Mount, { type: 'volume' }>, name: string): string {
  const { from, subpath } = mount;
  const folder = from === undefined ? place.volumeData(engine.paths, name) : locate(engine, from);
  if (subpath === undefined) return folder;
  return `${folder}${folder.includes('/./') ? '' : '/.'}/${subpath}`;
}

function volumesOfServers(engine: Engine, { spec, volumes }: Subject): ContainerContext['volumesOfServers'] {
  const entries = spec.mounts.flatMap((mount) => {
    if (mount.type !== 'volume' || mount.from !== undefined) return [];
    const name = volumes[mount.target] ?? mount.name;
    const op = engine.volumes.mountOf(name);
    return op === undefined ? [] : [[volumeSource(engine, mount, name), op] as const];
  });
  return Object.fromEntries(entries);
}

function mountSources(engine: Engine, { spec, volumes }: Subject): ContainerContext['mountSources'] {
  return spec.mounts.map((mount) => {
    if (mount.type === 'tmpfs') return undefined;
    if (mount.type === 'volume') return volumeSource(engine, mount, volumes[mount.target] ?? mount.name);
    if (mount.type === 'engine-socket') return place.engineSocket(engine.paths);
    return locate(engine, mount);
  });
}

/** Where the agent keeps what: the data disk survives the VM, `run` does not. */
import { join } from 'node:path';
import { cgroupParents } from '../plan/cgroup-parent.ts';
import type { ContainerRecord } from './records.ts';

export interface Paths {
  /** Data disk: `/var/lib/berth`. */
  readonly data: string;
  /** Memory: `/run/berth`. */
  readonly run: string;
  readonly cgroups: string;
  readonly proc: string;
  readonly interfaces: string;
  /** The guest's own name servers. */
  readonly resolvConf: string;
}

export const guestPaths: Paths = {
  data: '/var/lib/berth',
  run: '/run/berth',
  cgroups: '/sys/fs/cgroup',
  proc: '/proc',
  interfaces: '/sys/class/net',
  resolvConf: '/run/resolv.conf',
};

export const storePath = (paths: Paths): string => `${paths.data}/agent.db`;
export const trashDir = (paths: Paths): string => `${paths.data}/trash`;

export const containersDir = (paths: Paths): string => `${paths.data}/containers`;
/** In its folder: `rw/upper`, `rw/work`, `log`, `log.1`, `exit`, `hosts`, `hostname`, `resolv.conf`. */
export const containerDir = (paths: Paths, id: string): string => `${containersDir(paths)}/${id}`;
export const logPath = (paths: Paths, id: string): string => `${containerDir(paths, id)}/log`;
/** Of a process that is no container's first: exec, unshare. */
export const processDir = (paths: Paths, id: string): string => `${paths.run}/processes/${id.slice(0, 32)}`;

export const cgroupRoot = (paths: Paths): string => `${paths.cgroups}/berth`;

type InCgroup = Pick<ContainerRecord, 'id'> & { readonly spec: Pick<ContainerRecord['spec'], 'cgroupParent'> };

export function cgroupDir(paths: Paths, record: InCgroup): string {
  return join(cgroupParentDirs(paths, record).at(-1) ?? cgroupRoot(paths), record.id);
}

/** Cgroups between that of all containers and the container's, outermost first. */
export function cgroupParentDirs(paths: Paths, { spec }: InCgroup): string[] {
  const names = cgroupParents(spec.cgroupParent ?? '');
  return names.map((_, index) => join(cgroupRoot(paths), ...names.slice(0, index + 1)));
}

/** Begins the cgroups that keep device programs loaded. */
export const keptDevices = (paths: Paths): string => `${paths.cgroups}/berth-devices-`;

export const layersDir = (paths: Paths): string => `${paths.data}/layers`;
export const layerFile = (paths: Paths, diffId: string): string => join(layersDir(paths), `${hex(diffId)}.erofs`);
export const layerMountsDir = (paths: Paths): string => `${paths.run}/layers`;
/** Short, because all of a container's layers stand in one overlay mount call. */
export const layerMount = (paths: Paths, diffId: string): string =>
  `${layerMountsDir(paths)}/${hex(diffId).slice(0, 16)}`;

export const volumesDir = (paths: Paths): string => `${paths.data}/volumes`;
export const volumeDir = (paths: Paths, name: string): string => join(volumesDir(paths), name);
export const volumeData = (paths: Paths, name: string): string => `${volumeDir(paths, name)}/_data`;

export const shareMount = (paths: Paths, tag: string): string => join(paths.run, 'shares', tag);
/** What containers mount, */
export const engineSocket = (paths: Paths): string => `${paths.run}/docker.sock`;
/** and where the agent listens behind it. */
export const engineListener = (paths: Paths): string => `${paths.run}/docker-agent.sock`;
/** The guest's end of a container's cable to the interface `inside` of it: at most 15 bytes (IFNAMSIZ). */
export const hostInterface = (id: string, inside = 'eth0'): string =>
  `bv${id.slice(0, 10)}${inside.slice('eth'.length)}`;
/** On which each monitor mounts in a namespace of its own. */
export const scratchDir = (paths: Paths): string => `${paths.run}/scratch`;
export const sharedShmsDir = (paths: Paths): string => `${paths.run}/shm`;
/** tmpfs of containers that share their IPC namespace. */
export const sharedShm = (paths: Paths, id: string): string => `${sharedShmsDir(paths)}/${id.slice(0, 32)}`;

/** Short: a socket's path has at most 107 bytes (unix(7)). */
export const monitorSocket = (paths: Paths, id: string): string => `${paths.run}/monitors/${id.slice(0, 32)}.sock`;

function hex(digest: string): string {
  return digest.slice(digest.indexOf(':') + 1);
}

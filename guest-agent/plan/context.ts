/**
 * What the guest's services look up or allot before a plan is made: everything in a plan that is not in the
 * specification comes from here, so that planning itself touches nothing.
 */
import type { Op } from './op.ts';
import type { ResolvedUser } from './user.ts';
import type { NativeArchitecture } from './seccomp/architecture.ts';

/** A container's own ids: `inside` 0…count-1 are the guest's start…start+count-1. */
export interface IdRange {
  start: number;
  count: number;
}

/** Guest paths. The folders of `socket`, `state` and `log` must exist. */
export interface ContainerPaths {
  /** The container's folder on the data disk: `rw/upper`, `rw/work`, `hosts`, `hostname`, `resolv.conf` are made in it. */
  container: string;
  /** An empty folder that exists; one for all containers, since each monitor mounts on it in a namespace of its own. */
  scratch: string;
  socket: string;
  state: string;
  log: string;
}

/** A device file to be made in the container's /dev. */
export interface DeviceNode {
  /** Path in the container, beneath /dev. */
  path: string;
  kind: 'char' | 'block';
  major: number;
  minor: number;
  /** Permission bits. */
  mode: number;
  gid: number;
  /** What the container may do with it, of r, w and m. */
  access: string;
}

export interface GuestFacts {
  cpus: number;
  memoryNodes: number;
  memoryBytes: number;
  /** Limit of the data of mount(2), bytes. */
  pageSize: number;
  /** The kernel accounts swap (memory.swap.max exists). */
  swap: boolean;
  /** io.weight exists. */
  ioWeight: boolean;
  architecture: NativeArchitecture;
  /** uname -r */
  kernel: string;
}

/** A running container whose namespaces are joined. */
export interface JoinTarget {
  container: string;
  /** Its first process, as the guest sees it. */
  pid: number;
  /** Absent: it runs in the guest's user namespace. */
  idRange?: IdRange;
}

export interface BridgeEndpoint {
  /** Bridge device in the guest. */
  bridge: string;
  /** The guest's end of the veth pair, at most 15 bytes. */
  hostInterface: string;
  /** `eth0`. */
  containerInterface: string;
  /** `02:42:…` */
  mac: string;
  ipv4: string;
  prefixLength: number;
  /** Empty where the default route is not by this one. */
  gateway: string;
  ipv6?: { address: string; prefixLength: number; gateway: string };
  mtu?: number;
  /** Does not reach other isolated ones of the bridge. */
  isolated: boolean;
}

export interface ContainerContext {
  /** 64 hexadecimal digits. */
  id: string;
  name: string;
  paths: ContainerPaths;
  /** Mount points of the image's layers, bottom first. */
  layerMounts: readonly string[];
  user: ResolvedUser;
  /** Needed when `effectiveNamespaces(spec).user` is `new`. */
  idRange?: IdRange;
  joins: { network?: JoinTarget; pid?: JoinTarget; ipc?: JoinTarget };
  /** None with `host`, `none` and a joined network. */
  endpoints: readonly BridgeEndpoint[];
  /**
   * Guest paths of what is mounted, by index of `spec.mounts`; undefined for tmpfs. Of a share's, the part after the
   * first `/./` is the user's: links in it cannot lead out of the share.
   */
  mountSources: readonly (string | undefined)[];
  /** By those sources that a server has: what mounts them first; they know no mapped owners. */
  volumesOfServers?: Readonly<Record<string, Op>>;
  /** Nodes of `spec.devices`, looked up; with `privileged`, all that the guest has. */
  devices: readonly DeviceNode[];
  /** Block devices named by throttles, looked up. */
  deviceNumbers: Readonly<Record<string, { major: number; minor: number }>>;
  /** A tmpfs mounted in the guest as /dev/shm of all that share the IPC namespace; absent: one of its own. */
  sharedShm?: string;
  /** Texts of /etc/hosts, /etc/hostname, /etc/resolv.conf. */
  files: { hosts: string; hostname: string; resolvConf: string };
  /** cgroup directory, whose parent has the controllers enabled. */
  cgroup: string;
  /** Of the user's own, above it: outermost first. */
  cgroupParents: readonly string[];
  /** Begins the paths of cgroups without processes, which keep device programs loaded. */
  keptDevices: string;
  /** Wait for the first attach before the program runs. */
  holdForAttach: boolean;
  facts: GuestFacts;
}

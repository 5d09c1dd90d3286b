/** What can be asked of the kernel through `Effects.read`: shapes of question and answer by name. */

/** Namespace handles by the name in /proc/PID/ns: `pid`, `net`, `user` and so on. */
export type NamespaceInodes = Readonly<Record<string, bigint>>;

/** One extent of a uid or gid map (user_namespaces(7)). */
export interface IdExtent {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** From /proc/PID/status (proc_pid_status(5)). Capability sets are bits by number. */
export interface ProcessStatus {
  readonly name: string;
  readonly state: string;
  readonly ppid: number;
  /** The pid in each pid namespace, the guest's first. */
  readonly nsPids: readonly number[];
  readonly uid: number;
  readonly gid: number;
  readonly capabilities: {
    readonly inheritable: bigint;
    readonly permitted: bigint;
    readonly effective: bigint;
    readonly bounding: bigint;
    readonly ambient: bigint;
  };
  readonly noNewPrivileges: boolean;
  /** 0 none, 1 strict, 2 filter. */
  readonly seccomp: number;
}

/** A line of /proc/PID/mountinfo (proc_pid_mountinfo(5)), octal escapes undone. */
export interface MountInfo {
  readonly id: number;
  readonly parent: number;
  readonly root: string;
  readonly target: string;
  readonly options: string;
  readonly type: string;
  readonly source: string;
  readonly superOptions: string;
}

/** Pressure of one resource (Documentation/accounting/psi.rst): shares in per cent, total in microseconds. */
export interface Pressure {
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
  readonly total: number;
}

/** A cgroup v2 folder as it is: its small files by name, and the flat keyed ones taken apart. */
export interface CgroupState {
  /** `memory.max`, `pids.current` and the like, trimmed; a file that is not there is left out. */
  readonly files: Readonly<Record<string, string>>;
  /** `memory.stat`, `cpu.stat`, `memory.events`, `cgroup.events`: bytes, counts or microseconds as the kernel says. */
  readonly keyed: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly pressure: Readonly<Record<string, { readonly some: Pressure; readonly full?: Pressure }>>;
  /** `io.stat` by device `major:minor`. */
  readonly io: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** An interface as a process's network namespace has it (/proc/PID/net/dev and rtnetlink's addresses). */
export interface NetworkInterface {
  readonly index: number;
  readonly name: string;
  readonly mac: string;
  readonly up: boolean;
  /** `172.20.0.2/16`, `fd00::2/64` */
  readonly addresses: readonly string[];
  readonly rxBytes: number;
  readonly rxPackets: number;
  readonly rxErrors: number;
  readonly rxDropped: number;
  readonly txBytes: number;
  readonly txPackets: number;
  readonly txErrors: number;
  readonly txDropped: number;
}

/** A socket of a network namespace that waits; its holder, where one can be seen. */
export interface ListeningSocket {
  readonly address: string;
  readonly port: number;
  readonly pid?: number;
  readonly command?: string;
}

/** Where the packet filter leads a port of the guest. */
export interface PortRule {
  readonly guestPort: number;
  readonly address: string;
  readonly port: number;
}

type Protocol = 'tcp' | 'udp';

interface OfPid {
  readonly pid: number;
}

interface OfPath {
  readonly path: string;
}

export interface Queries {
  cgroup: { query: OfPath; answer: CgroupState };
  /** Of a cgroup: how many programs of its own decide over devices. */
  devicePrograms: { query: OfPath; answer: number };
  namespaces: { query: OfPid; answer: NamespaceInodes };
  status: { query: OfPid; answer: ProcessStatus };
  mounts: { query: OfPid; answer: readonly MountInfo[] };
  idMaps: { query: OfPid; answer: { readonly uid: readonly IdExtent[]; readonly gid: readonly IdExtent[] } };
  /** Whether something is mounted exactly there, in the agent's own mount namespace. */
  isMounted: { query: OfPath; answer: boolean };
  interfaces: { query: OfPid; answer: readonly NetworkInterface[] };
  listeners: { query: OfPid & { readonly protocol: Protocol }; answer: readonly ListeningSocket[] };
  /** As the kernel has them, whatever was meant; none when the table is gone. */
  portRules: { query: { readonly protocol: Protocol }; answer: readonly PortRule[] };
  /** Bytes of the file system that holds the path. */
  space: { query: OfPath; answer: { readonly total: number; readonly free: number; readonly files: number } };
}

/**
 * The op table: every kernel operation a plan may hold. TypeScript decides and orders them; the launcher only executes
 * them. The table is the one source of the TypeScript types below, of the wire form (wire.ts) and of the launcher's
 * header (`scripts/generate-ops.ts` writes launcher/ops.gen.h).
 *
 * Actors. `monitor`: the container's monitor, root in the guest's user namespace. With `unshare CLONE_NEWNS` and
 * `propagation MS_PRIVATE` first in `before` it is in a mount namespace of its own, so that what it mounts is nobody
 * else's and goes away with it. `container`: the container's first process, after clone3(2). Paths of the container
 * actor are the guest's before `pivotRoot`, the container's after it: a target can never lead out of the container
 * because nothing of the guest is there any more.
 *
 * What the kernel asks of the order, with a user namespace:
 * - proc and sysfs are refused once no other one is visible, so `createMount` makes them in a slot before `pivotRoot`, and
 *   `placeMount` puts them in place after it.
 * - Until `setids 0 0` the container's process keeps the guest's unmapped id 0: it may pass through the guest's folders (up
 *   to `pivotRoot`), but can make no file on a file system of the container (EOVERFLOW). So: pivotRoot, setgroups,
 *   setids 0 0, everything else.
 * - The container's process is not dumpable: its own files in /proc belong to the guest's root. Write those
 *   (oom_score_adj, uid_map) from `outside` with `{pid}`.
 * - The cgroup namespace's root is the cgroup of whoever makes it. So not CLONE_NEWCGROUP in `clone.flags` (that would be the
 *   monitor's cgroup) but `unshare CLONE_NEWCGROUP` in `inside`.
 * - CLONE_NEWNS does go in `clone.flags`: the copy is then made before the monitor mounts anything.
 * - Without noNewPrivileges, seccomp needs CAP_SYS_ADMIN: before `setids` and `capabilities` of the final user.
 *
 * Slots are numbered places for open descriptors (0…63): the monitor opens a mount or a namespace into one, the container
 * takes it from there. In `write`'s path and data, `{pid}` stands for the first process's pid in the guest.
 */

/** u32, u64: unsigned little-endian; str: bytes of UTF-8; bytes: raw; list: strings. */
export type FieldType = 'u32' | 'u64' | 'str' | 'bytes' | 'list';

const table = {
  // Files.
  /** mkdir(2); an existing directory is fine. */
  mkdir: { code: 1, fields: { path: 'str', mode: 'u32' } },
  /** open(2) O_WRONLY without O_CREAT, one write(2): cgroup files, sysctls, uid and gid maps. */
  write: { code: 2, fields: { path: 'str', data: 'bytes' } },
  /** open(2) O_CREAT|O_TRUNC|O_WRONLY|O_CLOEXEC, write(2), for files of ours such as the container's hosts file. */
  createFile: { code: 3, fields: { path: 'str', mode: 'u32', data: 'bytes' } },
  symlink: { code: 4, fields: { target: 'str', path: 'str' } },
  mknod: { code: 5, fields: { path: 'str', mode: 'u32', major: 'u32', minor: 'u32' } },
  /** chown(2) of what plan made itself, ids as the actor sees them. */
  chown: { code: 6, fields: { path: 'str', uid: 'u32', gid: 'u32' } },
  /**
   * bpf(2): an eBPF program of type BPF_PROG_TYPE_CGROUP_DEVICE (struct bpf_insn[]), attached to the cgroup for its life. With
   * `kept` it is taken from that cgroup, which is made and gets it where it is missing: loading takes the kernel far longer.
   */
  deviceProgram: { code: 7, fields: { cgroup: 'str', program: 'bytes', kept: 'str' } },

  // Mounts.
  /**
   * fsopen(2), fsconfig(2), fsmount(2) into `slot`: a mount that is nowhere yet. `data` is options separated by commas, `attr`
   * is MOUNT_ATTR_* bits.
   */
  createMount: { code: 9, fields: { slot: 'u32', type: 'str', source: 'str', attr: 'u64', data: 'str' } },
  /** mount(2); flags are MS_* bits. */
  mount: { code: 10, fields: { source: 'str', target: 'str', type: 'str', flags: 'u64', data: 'str' } },
  /**
   * open_tree(2) OPEN_TREE_CLONE (recursive: 1 adds AT_RECURSIVE) of `source` into `slot`, then mount_setattr(2) with
   * `attr` (MOUNT_ATTR_* bits to set) and, when `idmap` is 1, MOUNT_ATTR_IDMAP with the first process's user namespace.
   * `under`: 1 resolves `source` beneath its first `/./`, refusing links that lead out (openat2 RESOLVE_BENEATH).
   */
  openTree: {
    code: 11,
    fields: { slot: 'u32', source: 'str', recursive: 'u32', idmap: 'u32', attr: 'u64', under: 'u32' },
  },
  /** move_mount(2) of the slot's mount onto `target`. */
  moveMount: { code: 12, fields: { slot: 'u32', target: 'str' } },
  /**
   * Like moveMount, and first makes the mount point: kind 0 none, 1 directory, 2 empty file, 3 as the slot's root is. Only kind
   * 3 follows the target's last link, and makes what a link names that leads nowhere; to the root or into /proc it must not
   * lead.
   */
  placeMount: { code: 13, fields: { slot: 'u32', target: 'str', create: 'u32' } },
  /** mount_setattr(2) on what is mounted at `target` (recursive: 1 adds AT_RECURSIVE). */
  setMountAttr: { code: 14, fields: { target: 'str', recursive: 'u32', set: 'u64', clear: 'u64' } },
  /** mount(2) MS_REC|propagation on `/`: the flag is MS_PRIVATE or MS_SLAVE. */
  propagation: { code: 15, fields: { flags: 'u64' } },
  /** Moves the slot's mount to a scratch directory and pivot_root(2)s into it; the old root is detached. */
  pivotRoot: { code: 16, fields: { slot: 'u32', scratch: 'str' } },
  /** An empty read-only tmpfs over a directory, /dev/null over a file; nothing when the path does not exist. */
  maskPath: { code: 17, fields: { path: 'str' } },
  /** Bind onto itself and MOUNT_ATTR_RDONLY; nothing when the path does not exist. */
  readonlyPath: { code: 18, fields: { path: 'str' } },
  /** mkdir -p inside the container, e.g. a missing working directory; what links name is made, too. */
  makeDirs: { code: 19, fields: { path: 'str', mode: 'u32' } },

  // Namespaces.
  /** unshare(2) with CLONE_NEW* bits. */
  unshare: { code: 20, fields: { flags: 'u64' } },
  sethostname: { code: 21, fields: { name: 'str' } },
  setdomainname: { code: 22, fields: { name: 'str' } },

  // Network: one rtnetlink message sent as is, and its NLMSG_ERROR awaited. Where `*At` is not 0xffffffff, the u32 at
  // that offset is filled in first: with the first process's pid, or with the index of the interface `ifname`.
  netlink: { code: 30, fields: { message: 'bytes', pidAt: 'u32', indexAt: 'u32', ifname: 'str' } },

  // The process itself.
  /** setrlimit by prlimit(2). */
  rlimit: { code: 40, fields: { resource: 'u32', soft: 'u64', hard: 'u64' } },
  umask: { code: 41, fields: { mask: 'u32' } },
  /** setgroups(2) of gids written as little-endian u32s. */
  setgroups: { code: 42, fields: { gids: 'bytes' } },
  /** setresgid(2), setresuid(2), keeping capabilities over the change (PR_SET_KEEPCAPS). */
  setids: { code: 43, fields: { uid: 'u32', gid: 'u32' } },
  /** capset(2) and prctl(2): bounding set dropped to `bounding`, then effective, permitted, inheritable, ambient. Masks are bits by capability number. */
  capabilities: {
    code: 44,
    fields: { bounding: 'u64', effective: 'u64', permitted: 'u64', inheritable: 'u64', ambient: 'u64' },
  },
  /**
   * setfsuid(2), setfsgid(2), effective capabilities as permitted. Overlayfs makes its work folder as whoever mounts it, and
   * through an id-mapped mount only mapped ids can make files (otherwise it silently mounts read-only): so the monitor
   * takes the guest's id of the container's root for that one mount.
   */
  fsids: { code: 52, fields: { uid: 'u32', gid: 'u32' } },
  noNewPrivileges: { code: 45, fields: {} },
  /** A classic BPF program (struct sock_filter[]) given to seccomp(2) SECCOMP_SET_MODE_FILTER with `flags`. */
  seccomp: { code: 46, fields: { program: 'bytes', flags: 'u32' } },
  chdir: { code: 47, fields: { path: 'str' } },
  setsid: { code: 48, fields: {} },
  keyring: { code: 49, fields: { name: 'str' } },
  /**
   * Makes the process's stdin, stdout and stderr, owned by uid and gid as the actor sees them: pipes, or with
   * `monitor.tty` a pty of the container's own /dev/ptmx, of that size unless both are 0, whose end is bound on `console`
   * unless that is empty. Wants CAP_CHOWN, and CAP_SYS_ADMIN for `console`. Without this op it happens by itself before the first seccomp or, at the
   * latest, before exec, owned by the process's user.
   */
  stdio: { code: 51, fields: { uid: 'u32', gid: 'u32', console: 'str', rows: 'u32', columns: 'u32' } },
  /** The command's file is the launcher's own, opened now: its path is out of sight of the process that runs it. */
  ownProgram: { code: 53, fields: {} },
  /** Drops every bounding capability that is not in `bounding`: must come while CAP_SETPCAP is still effective. */
  bounding: { code: 50, fields: { bounding: 'u64' } },
} as const satisfies Record<string, { code: number; fields: Record<string, FieldType> }>;

/** The table as data, for the wire form and the generated header. */
export const opTable: Readonly<Record<OpName, { code: number; fields: Readonly<Record<string, FieldType>> }>> = table;

export type OpName = keyof typeof table;

interface FieldValues {
  u32: number;
  u64: bigint;
  str: string;
  bytes: Uint8Array;
  list: readonly string[];
}

type OpOf<N extends OpName> = { op: N; why: string } & {
  -readonly [F in keyof (typeof table)[N]['fields']]: (typeof table)[N]['fields'][F] extends FieldType
    ? FieldValues[(typeof table)[N]['fields'][F]]
    : never;
};

/** One kernel operation with the reason for it. */
export type Op = { [N in OpName]: OpOf<N> }[OpName];

export const none32 = 0xffff_ffff;

/**
 * Existing namespaces entered before the clone, user first: one by a path such as `/proc/812/ns/net`, or several of a process at
 * once by setns(2) on its pidfd (CLONE_NEW* bits), which is quicker. A cgroup namespace is entered after the clone, since
 * CLONE_INTO_CGROUP wants to see the cgroup. All are opened before the first is entered.
 */
export type Join = { path: string; why: string } | { pid: number; flags: bigint; why: string };

/** What is run at last. */
export interface Exec {
  argv: readonly string[];
  env: readonly string[];
  /** Folders searched for argv[0] when it has no slash, in the container. */
  searchPath: readonly string[];
  /** Run under the launcher's own pid 1, which forwards signals and reaps. */
  init: boolean;
  why: string;
}

/** What the monitor needs to know besides the operations. */
export interface MonitorOptions {
  /** Unix socket at which the monitor serves attach, resize, signal and watch. */
  socket: string;
  /** Folder for `exit` (the exit record, written by rename before anybody is told). */
  stateDir: string;
  /** Empty: no log (exec, unshare). */
  logPath: string;
  /** Rotated when a file would grow over this; 0 never. */
  logMaxBytes: bigint;
  /** `log`, `log.1` and so on, counted together. */
  logMaxFiles: number;
  tty: boolean;
  openStdin: boolean;
  /** Close stdin when the first attached client that had it leaves. */
  stdinOnce: boolean;
  /** Wait for a first attach (at most 30 s) before exec, so that no output is missed. */
  holdForAttach: boolean;
}

/**
 * The whole plan of one process: container, exec, or unshare. Executed in the order of its members. The monitor's
 * socket and folder must be in folders that exist.
 */
export interface LaunchPlan {
  monitor: MonitorOptions;
  /** By the monitor, before the clone: cgroup, folders. */
  before: Op[];
  join: Join[];
  clone: {
    /** CLONE_NEW* bits. */
    flags: bigint;
    /** cgroup directory for CLONE_INTO_CGROUP. */
    cgroup: string;
    why: string;
  };
  /** By the monitor, while the first process waits: maps, id-mapped mounts, overlay, veth. */
  outside: Op[];
  /** By the first process. */
  inside: Op[];
  exec: Exec;
}

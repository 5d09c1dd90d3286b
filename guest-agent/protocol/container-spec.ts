/**
 * What a container is made from. The host has merged the image's config with the user's flags before; the guest only
 * resolves what needs the root file system (user and group names) and what it allots (address, id range).
 */
import * as v from 'valibot';

export const Digest = v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/));
export const Bytes = v.pipe(v.number(), v.integer(), v.minValue(0));

/**
 * How it was asked for, where inspections tell the ways apart: by `--mount`, or with another container's mounts. Absent for
 * `-v` and `--tmpfs`, and for volumes that the image declares.
 */
export const AskedAs = v.optional(v.picklist(['mount', 'volumes-from']));

/** Docker's options of a bind mount, as they were asked for: kept for inspections alone. */
export const BindOptions = v.partial(
  v.object({
    propagation: v.string(),
    nonRecursive: v.boolean(),
    createMountpoint: v.boolean(),
    readOnlyNonRecursive: v.boolean(),
    readOnlyForceRecursive: v.boolean(),
  }),
);
export type BindOptions = v.InferOutput<typeof BindOptions>;

export const Mount = v.variant('type', [
  v.object({
    /** Path under a mounted host share; `share` is its tag, `subpath` is relative and has no `..`. */
    type: v.literal('share'),
    share: v.string(),
    subpath: v.string(),
    /** What the user wrote, for inspect. */
    hostPath: v.string(),
    target: v.string(),
    readOnly: v.boolean(),
    askedAs: AskedAs,
    bindOptions: v.optional(BindOptions),
  }),
  v.object({
    /** The socket at which the host serves Docker's API for this machine: `engine-socket.ts`. */
    type: v.literal('engine-socket'),
    /** What the user wrote, for inspect. */
    hostPath: v.string(),
    target: v.string(),
    readOnly: v.boolean(),
    askedAs: AskedAs,
    bindOptions: v.optional(BindOptions),
  }),
  v.object({
    type: v.literal('volume'),
    /** Empty: an anonymous volume is made and removed with the container. */
    name: v.string(),
    target: v.string(),
    readOnly: v.boolean(),
    askedAs: AskedAs,
    /** Fill an empty volume from the image's folder at the target on first use. */
    copyUp: v.boolean(),
    /** What of the volume is mounted: a relative path that is there. */
    subpath: v.optional(v.string()),
    /** The volume is a folder of the host, by its options: found on a share like any other. */
    from: v.optional(v.object({ share: v.string(), subpath: v.string(), hostPath: v.string() })),
  }),
  v.object({
    type: v.literal('tmpfs'),
    target: v.string(),
    readOnly: v.boolean(),
    askedAs: AskedAs,
    sizeBytes: v.optional(Bytes),
    /** Permission bits; default 0o1777 as Docker's. */
    mode: v.optional(v.number()),
    /** Further tmpfs mount options as given: `noexec`, `uid=…`. */
    options: v.array(v.string()),
  }),
]);
export type Mount = v.InferOutput<typeof Mount>;

const containerJoin = v.pipe(v.string(), v.regex(/^container:.+$/));

export const Namespaces = v.object({
  user: v.picklist(['private', 'host']),
  pid: v.union([v.picklist(['private', 'host']), containerJoin]),
  ipc: v.union([v.picklist(['private', 'shareable', 'host', 'none']), containerJoin]),
  uts: v.picklist(['private', 'host']),
  cgroup: v.picklist(['private', 'host']),
  /** `bridge` is the default network; any other word is the name or id of a network. */
  network: v.string(),
});
export type Namespaces = v.InferOutput<typeof Namespaces>;

/** A block device throttle; the device is a path in the guest such as `/dev/vdc`. */
export const Throttle = v.object({ device: v.string(), rate: Bytes });

export const Resources = v.object({
  /** memory.max; memory.low is the reservation. Zero or absent: no limit. */
  memoryBytes: v.optional(Bytes),
  /** Docker's meaning: memory plus swap; -1 is unlimited swap. */
  memorySwapBytes: v.optional(v.number()),
  memoryReservationBytes: v.optional(Bytes),
  /** Billionths of a CPU (`--cpus 1.5` is 1_500_000_000). */
  nanoCpus: v.optional(Bytes),
  /** The same in microseconds of each period, instead of `nanoCpus`; -1: no limit. The period's default is 100,000. */
  cpuQuotaMicros: v.optional(v.number()),
  cpuPeriodMicros: v.optional(v.number()),
  /** Docker's 2…262144, mapped to cpu.weight as runc does. */
  cpuShares: v.optional(v.number()),
  cpusetCpus: v.optional(v.string()),
  cpusetMems: v.optional(v.string()),
  /** -1 or 0: unlimited. */
  pidsLimit: v.optional(v.number()),
  /** 10…1000, or 0 for the default. */
  blkioWeight: v.optional(v.number()),
  deviceReadBps: v.optional(v.array(Throttle)),
  deviceWriteBps: v.optional(v.array(Throttle)),
  deviceReadIops: v.optional(v.array(Throttle)),
  deviceWriteIops: v.optional(v.array(Throttle)),
  oomKillDisable: v.optional(v.boolean()),
});
export type Resources = v.InferOutput<typeof Resources>;

export const Device = v.object({
  pathInGuest: v.string(),
  pathInContainer: v.string(),
  /** Any of r, w, m. */
  permissions: v.pipe(v.string(), v.regex(/^[rwm]{1,3}$/)),
});

/** Docker's form of a device rule: kind (a, b or c), major and minor number or `*`, what is allowed. */
export const deviceRulePattern = /^([abc]) ([0-9]+|\*):([0-9]+|\*) ([rwm]{1,3})$/;

export const Security = v.object({
  privileged: v.boolean(),
  /** Names without `CAP_`, upper case; `ALL` allowed. */
  capAdd: v.array(v.string()),
  capDrop: v.array(v.string()),
  noNewPrivileges: v.boolean(),
  seccomp: v.variant('kind', [
    v.object({ kind: v.literal('default') }),
    v.object({ kind: v.literal('unconfined') }),
    /** A profile in Docker's JSON form. */
    v.object({ kind: v.literal('profile'), profile: v.unknown() }),
  ]),
  /** `--security-opt systempaths=unconfined` empties both lists. */
  systemPathsUnconfined: v.boolean(),
});
export type Security = v.InferOutput<typeof Security>;

export const PortMapping = v.object({
  containerPort: v.number(),
  protocol: v.picklist(['tcp', 'udp']),
  /** As asked: empty means all loopback families. */
  hostAddress: v.string(),
  /** 0: any free port, chosen by the host at start. */
  hostPort: v.number(),
  /** The first free port from `hostPort` to this one. */
  hostPortEnd: v.optional(v.number()),
  /** Nobody named it: it is published with all that are exposed (`publishAll`). */
  asExposed: v.optional(v.literal(true)),
});
export type PortMapping = v.InferOutput<typeof PortMapping>;

/** How a container is on one network. */
export const EndpointSettings = v.object({
  /** Name or id. */
  network: v.string(),
  /** Further names on the network, for its other containers. */
  aliases: v.array(v.string()),
  /** Other containers by names that only this one sees. */
  links: v.array(v.object({ container: v.string(), alias: v.string() })),
  /** Fixed addresses; absent: any free one at each start. */
  ipv4: v.optional(v.string()),
  ipv6: v.optional(v.string()),
  macAddress: v.optional(v.string()),
  /** The default route is by the network of the highest; default 0. */
  gatewayPriority: v.optional(v.number()),
});
export type EndpointSettings = v.InferOutput<typeof EndpointSettings>;

/** In characters. */
const TerminalLength = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535));
export const TerminalSize = v.object({ rows: TerminalLength, columns: TerminalLength });
export type TerminalSize = v.InferOutput<typeof TerminalSize>;

/** Docker's: when a container whose process has ended is started again by itself. */
export const RestartPolicy = v.object({
  name: v.picklist(['no', 'always', 'unless-stopped', 'on-failure']),
  /** Of `on-failure`; 0: no limit. */
  maximumRetries: v.pipe(v.number(), v.integer(), v.minValue(0)),
});
export type RestartPolicy = v.InferOutput<typeof RestartPolicy>;

/** Docker's: a command that tells whether what the container is there for works. Times are milliseconds. */
export const Healthcheck = v.object({
  /** `["CMD", word…]`, `["CMD-SHELL", line]`, `["NONE"]`. */
  test: v.array(v.string()),
  interval: v.number(),
  timeout: v.number(),
  /** Failures from the start until then do not count, */
  startPeriod: v.number(),
  /** and the command runs this often. */
  startInterval: v.number(),
  /** So many failures in a row make it unhealthy. */
  retries: v.number(),
});
export type Healthcheck = v.InferOutput<typeof Healthcheck>;

/** Docker's: `json-file` and `local` are files of our own here; `none` keeps nothing. */
export const LogSettings = v.object({
  driver: v.optional(v.picklist(['json-file', 'local', 'none'])),
  maxBytes: Bytes,
  maxFiles: v.number(),
  /** As they were given, for inspect. */
  options: v.optional(v.record(v.string(), v.string())),
});

export const ContainerSpec = v.object({
  /** Layers are diff ids, bottom first; they must be in the guest before start. */
  image: v.object({ reference: v.string(), id: v.string(), layers: v.array(Digest) }),
  argv: v.pipe(v.array(v.string()), v.minLength(1)),
  /** What `argv` begins with of the entrypoint; older specifications do not tell it from the command. */
  entrypoint: v.optional(v.array(v.string())),
  env: v.array(v.string()),
  workdir: v.string(),
  /** `user[:group]` by name or id; empty is 0:0. */
  user: v.string(),
  groupAdd: v.array(v.string()),
  hostname: v.string(),
  domainname: v.string(),
  extraHosts: v.array(v.string()),
  dns: v.array(v.string()),
  dnsSearch: v.optional(v.array(v.string())),
  /** As in resolv.conf(5): `ndots:2`. */
  dnsOptions: v.optional(v.array(v.string())),
  tty: v.boolean(),
  /** Of the terminal at first, until somebody resizes it. */
  consoleSize: v.optional(TerminalSize),
  openStdin: v.boolean(),
  /** Close stdin when the first attached client leaves. */
  stdinOnce: v.boolean(),
  stopSignal: v.string(),
  stopTimeoutSeconds: v.number(),
  /** A small pid 1 that reaps and forwards signals. */
  init: v.boolean(),
  readOnlyRoot: v.boolean(),
  autoRemove: v.boolean(),
  restart: v.optional(RestartPolicy),
  healthcheck: v.optional(Healthcheck),
  labels: v.record(v.string(), v.string()),
  /** Kept for whoever asks, and of no other use here. */
  annotations: v.optional(v.record(v.string(), v.string())),
  mounts: v.array(Mount),
  /** `CONTAINER[:ro]`: whose mounts were taken along; they are among `mounts`. */
  volumesFrom: v.optional(v.array(v.string())),
  namespaces: Namespaces,
  resources: Resources,
  security: Security,
  rlimits: v.array(v.object({ name: v.string(), soft: v.number(), hard: v.number() })),
  sysctls: v.record(v.string(), v.string()),
  devices: v.array(Device),
  /** Devices that may be used besides those given: `c 189:* rwm`. */
  deviceCgroupRules: v.optional(v.array(v.pipe(v.string(), v.regex(deviceRulePattern)))),
  /** Path of a cgroup beneath that of all containers, made when it is missing. */
  cgroupParent: v.optional(v.string()),
  oomScoreAdj: v.number(),
  shmBytes: Bytes,
  ports: v.array(PortMapping),
  /** `80/tcp`: where its programs listen, published or not, by its image and by whoever asked for it. */
  exposedPorts: v.optional(v.array(v.string())),
  /** All exposed ports were to be published; `ports` has them. */
  publishAll: v.optional(v.boolean()),
  macAddress: v.string(),
  /**
   * Further networks, and settings of `namespaces.network` (which comes first, with or without an entry). Networks that are
   * connected and disconnected later change both.
   */
  networks: v.optional(v.array(EndpointSettings)),
  log: LogSettings,
});
export type ContainerSpec = v.InferOutput<typeof ContainerSpec>;

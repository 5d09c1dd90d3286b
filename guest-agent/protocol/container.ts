/** Containers: life, look, streams. Every `id` below takes a full id, a unique prefix, or a name. */
import * as v from 'valibot';
import { method } from './method.ts';
import { ContainerSpec, Resources, RestartPolicy } from './container-spec.ts';
import { StreamToken } from './stream.ts';

/** Times are nanoseconds since the epoch in decimal strings (RFC 3339 is made at the front doors). */
export const ContainerState = v.variant('status', [
  v.object({ status: v.literal('created') }),
  v.object({ status: v.literal('running'), pid: v.number(), startedAt: v.string() }),
  v.object({ status: v.literal('paused'), pid: v.number(), startedAt: v.string() }),
  v.object({
    status: v.literal('exited'),
    exitCode: v.number(),
    oomKilled: v.boolean(),
    startedAt: v.string(),
    finishedAt: v.string(),
    /** Set when the process ended otherwise than by itself: `VM stopped`, a failed start's message. */
    error: v.optional(v.string()),
    /** By its restart policy it is started again at this time. */
    restartsAt: v.optional(v.string()),
  }),
]);
export type ContainerState = v.InferOutput<typeof ContainerState>;

export const Endpoint = v.object({
  network: v.string(),
  ipv4: v.string(),
  prefixLength: v.number(),
  /** Empty on a network without a way out. */
  gateway: v.string(),
  macAddress: v.string(),
  networkId: v.optional(v.string()),
  ipv6: v.optional(v.string()),
  ipv6PrefixLength: v.optional(v.number()),
  ipv6Gateway: v.optional(v.string()),
  /** By which other containers of the network find it; none on the default bridge. */
  dnsNames: v.optional(v.array(v.string())),
  /** `eth0` and so on, in the container. */
  interface: v.optional(v.string()),
});
export type Endpoint = v.InferOutput<typeof Endpoint>;

/** What the health check has told of the present run. */
export const Health = v.object({
  status: v.picklist(['starting', 'healthy', 'unhealthy']),
  failingStreak: v.number(),
  /** The last five, oldest first; exit code -1: it took too long, or could not be run. */
  log: v.array(v.object({ startedAt: v.string(), endedAt: v.string(), exitCode: v.number(), output: v.string() })),
});
export type Health = v.InferOutput<typeof Health>;

export const ContainerInfo = v.object({
  id: v.string(),
  name: v.string(),
  createdAt: v.string(),
  spec: ContainerSpec,
  state: ContainerState,
  /** Starts by the restart policy since somebody started it. */
  restartCount: v.number(),
  health: v.optional(Health),
  endpoints: v.array(Endpoint),
  /** Names of the volumes, by target: made-up ones included. */
  volumes: v.optional(v.record(v.string(), v.string())),
  /** First id of its range in the guest, its own or that of whom it joins; absent with the guest's user namespace. */
  idRangeStart: v.optional(v.number()),
  /** What was not as asked, and why (for example: host network needs the guest's user namespace). */
  warnings: v.array(v.string()),
});
export type ContainerInfo = v.InferOutput<typeof ContainerInfo>;

/** One kernel operation of a plan, for people and programs. */
export const ExplainedOp = v.object({
  index: v.number(),
  /** Who does it: the agent, the monitor in the guest's namespaces, or the container's first process. */
  actor: v.picklist(['agent', 'monitor', 'container']),
  op: v.string(),
  /** The operation as a line: system call and arguments. */
  detail: v.string(),
  why: v.string(),
});
export type ExplainedOp = v.InferOutput<typeof ExplainedOp>;

export const ContainerStats = v.object({
  id: v.string(),
  name: v.string(),
  timeNano: v.string(),
  cpuUsageNano: v.number(),
  cpuUserNano: v.number(),
  cpuSystemNano: v.number(),
  throttledNano: v.number(),
  /** Periods of its limit of processor time, and how many of them ended it early. */
  cpuPeriods: v.optional(v.number()),
  throttledPeriods: v.optional(v.number()),
  systemCpuNano: v.number(),
  onlineCpus: v.number(),
  memoryBytes: v.number(),
  memoryLimitBytes: v.number(),
  memoryDetail: v.record(v.string(), v.number()),
  memoryEvents: v.record(v.string(), v.number()),
  pids: v.number(),
  pidsLimit: v.number(),
  blockRead: v.number(),
  blockWrite: v.number(),
  /** Bytes of each device, as the guest numbers it. */
  blockDevices: v.optional(
    v.array(v.object({ major: v.number(), minor: v.number(), readBytes: v.number(), writeBytes: v.number() })),
  ),
  network: v.record(
    v.string(),
    v.object({
      ...{ rxBytes: v.number(), txBytes: v.number(), rxPackets: v.number(), txPackets: v.number() },
      ...{ rxErrors: v.optional(v.number()), rxDropped: v.optional(v.number()) },
      ...{ txErrors: v.optional(v.number()), txDropped: v.optional(v.number()) },
    }),
  ),
  /** Pressure stall information, percent of the last 10 s: some and full. */
  pressure: v.record(v.string(), v.object({ some10: v.number(), full10: v.number() })),
});
export type ContainerStats = v.InferOutput<typeof ContainerStats>;

export const NamespaceView = v.object({
  type: v.string(),
  inode: v.number(),
  /** Ids of other containers in it, and `guest` when it is the guest's own. */
  sharedWith: v.array(v.string()),
});

export const KernelView = v.object({
  id: v.string(),
  name: v.string(),
  pidInGuest: v.number(),
  pidInContainer: v.number(),
  namespaces: v.array(NamespaceView),
  uidMap: v.array(v.tuple([v.number(), v.number(), v.number()])),
  gidMap: v.array(v.tuple([v.number(), v.number(), v.number()])),
  cgroup: v.object({
    path: v.string(),
    /** limit file → [limit, usage]; usage is empty when the kernel has none. */
    limits: v.array(v.object({ name: v.string(), limit: v.string(), usage: v.string() })),
  }),
  /** Lines of mountinfo as seen inside. */
  mounts: v.array(v.object({ target: v.string(), type: v.string(), source: v.string(), options: v.string() })),
  capabilities: v.object({
    effective: v.array(v.string()),
    permitted: v.array(v.string()),
    bounding: v.array(v.string()),
    inheritable: v.array(v.string()),
    ambient: v.array(v.string()),
  }),
  /** `disabled`, `strict` or `filter`, with the number of filters. */
  seccomp: v.object({ mode: v.string(), filters: v.number() }),
  noNewPrivileges: v.boolean(),
  interfaces: v.array(
    v.object({ name: v.string(), index: v.number(), mac: v.string(), addresses: v.array(v.string()), up: v.boolean() }),
  ),
});
export type KernelView = v.InferOutput<typeof KernelView>;

const ById = v.object({ id: v.string() });
const Nothing = v.object({});

export const containerMethods = {
  /** Nothing is left behind when it fails. `name` empty: one is made up. */
  create: method(
    'container.create',
    v.object({ name: v.string(), spec: ContainerSpec }),
    v.object({ id: v.string(), name: v.string(), warnings: v.array(v.string()) }),
  ),
  /**
   * With `attach`, the first process does not run before the returned stream was opened: no output is missed. The
   * stream carries stdio frames (see stream-format.ts). Fails with `command-not-found`, `command-not-executable`, or
   * `operation-failed` whose data names the operation, its index and errno.
   */
  start: method(
    'container.start',
    v.object({ id: v.string(), attach: v.boolean() }),
    v.object({ stream: v.optional(StreamToken) }),
  ),
  /** Stdio frames of a running container, from now on. */
  attach: method(
    'container.attach',
    v.object({ id: v.string(), stdin: v.boolean() }),
    v.object({ stream: StreamToken }),
  ),
  resize: method('container.resize', v.object({ id: v.string(), rows: v.number(), columns: v.number() }), Nothing),
  /** Stop signal, then SIGKILL after the timeout (seconds; absent: the container's own). No error when it is not running. */
  stop: method(
    'container.stop',
    v.object({ id: v.string(), timeoutSeconds: v.optional(v.number()), signal: v.optional(v.string()) }),
    Nothing,
  ),
  restart: method(
    'container.restart',
    v.object({ id: v.string(), timeoutSeconds: v.optional(v.number()), signal: v.optional(v.string()) }),
    Nothing,
  ),
  kill: method('container.kill', v.object({ id: v.string(), signal: v.string() }), Nothing),
  pause: method('container.pause', ById, Nothing),
  unpause: method('container.unpause', ById, Nothing),
  rename: method('container.rename', v.object({ id: v.string(), name: v.string() }), Nothing),
  /** Takes back a link of the default bridge. `no-such-container` when there is none of that name. */
  unlink: method('container.unlink', v.object({ id: v.string(), alias: v.string() }), Nothing),
  update: method(
    'container.update',
    v.object({ id: v.string(), resources: Resources, restart: v.optional(RestartPolicy) }),
    v.object({ warnings: v.array(v.string()) }),
  ),
  /** Answers when the container is in the state; `removed` answers also when it is gone. */
  wait: method(
    'container.wait',
    v.object({
      id: v.string(),
      condition: v.picklist(['not-running', 'next-exit', 'removed']),
      /** The call is repeated after a connection broke: an end that came meanwhile is the answer, too. */
      again: v.optional(v.boolean()),
    }),
    v.object({ exitCode: v.number(), error: v.optional(v.string()) }),
  ),
  remove: method('container.remove', v.object({ id: v.string(), force: v.boolean(), volumes: v.boolean() }), Nothing),
  prune: method('container.prune', Nothing, v.object({ ids: v.array(v.string()), reclaimedBytes: v.number() })),
  list: method('container.list', v.object({ all: v.boolean() }), v.array(ContainerInfo)),
  inspect: method('container.inspect', ById, ContainerInfo),
  /** Bytes of the writable layer. */
  size: method('container.size', ById, v.object({ writableBytes: v.number() })),
  /** Processes by pid; `invalid-argument` for a column that there is none of (`guest-agent/services/top.ts` has them). */
  top: method(
    'container.top',
    v.object({ id: v.string(), columns: v.array(v.string()) }),
    v.object({ titles: v.array(v.string()), processes: v.array(v.array(v.string())) }),
  ),
  stats: method('container.stats', v.object({ ids: v.array(v.string()) }), v.array(ContainerStats)),
  /**
   * A stream of log records, each a frame of kind stdout or stderr whose payload begins with the record's time (u64
   * nanoseconds, little endian) followed by the bytes. `since`/`until`: nanoseconds since the epoch, decimal. `tail`:
   * number of lines, -1 for all. With `follow` the stream ends when the container has exited and all was sent. The last
   * frame is of kind whole: without it the stream broke.
   */
  logs: method(
    'container.logs',
    v.object({
      id: v.string(),
      follow: v.boolean(),
      stdout: v.boolean(),
      stderr: v.boolean(),
      since: v.optional(v.string()),
      until: v.optional(v.string()),
      tail: v.number(),
    }),
    v.object({ stream: StreamToken }),
  ),
  /** The plan of a container that is not made. */
  explain: method(
    'container.explain',
    v.object({ spec: ContainerSpec }),
    v.object({ ops: v.array(ExplainedOp), warnings: v.array(v.string()) }),
  ),
  kernel: method('container.kernel', ById, KernelView),
};

/**
 * What a front door asks for when a container is to be made: the user's words, parsed (bytes, addresses, lists) but not
 * yet merged with the image's config; the host service does that (`app/services/container-spec.ts`).
 */
import * as v from 'valibot';
import {
  AskedAs,
  BindOptions,
  Bytes,
  Device,
  EndpointSettings,
  Healthcheck,
  LogSettings,
  Namespaces,
  PortMapping,
  Resources,
  RestartPolicy,
  Security,
  TerminalSize,
} from '../../guest-agent/protocol/index.ts';

export const RunMount = v.variant('type', [
  v.object({
    type: v.literal('bind'),
    /** A host folder or file. */
    source: v.string(),
    target: v.string(),
    readOnly: v.boolean(),
    askedAs: AskedAs,
    /** A folder that is missing is made, as Docker's `-v` does; else that is an error. */
    createSource: v.optional(v.boolean()),
    bindOptions: v.optional(BindOptions),
  }),
  /** Empty name: anonymous. */
  v.object({
    type: v.literal('volume'),
    name: v.string(),
    target: v.string(),
    readOnly: v.boolean(),
    askedAs: AskedAs,
    copyUp: v.boolean(),
    /** A relative path in the volume. */
    subpath: v.optional(v.string()),
  }),
  v.object({
    type: v.literal('tmpfs'),
    target: v.string(),
    readOnly: v.boolean(),
    askedAs: AskedAs,
    sizeBytes: v.optional(Bytes),
    mode: v.optional(v.number()),
    options: v.array(v.string()),
  }),
]);
export type RunMount = v.InferOutput<typeof RunMount>;

export const RunConfig = v.object({
  image: v.string(),
  /** `os/arch`, empty: the guest's own. */
  platform: v.string(),
  /** Empty: the image's. */
  command: v.array(v.string()),
  /** Absent: the image's; an empty list clears it. */
  entrypoint: v.optional(v.array(v.string())),
  /** `NAME=value`; the image's are kept unless named here. `NAME` alone takes the image's away. */
  env: v.array(v.string()),
  workdir: v.optional(v.string()),
  user: v.optional(v.string()),
  groupAdd: v.array(v.string()),
  hostname: v.optional(v.string()),
  domainname: v.string(),
  extraHosts: v.array(v.string()),
  dns: v.array(v.string()),
  dnsSearch: v.optional(v.array(v.string())),
  dnsOptions: v.optional(v.array(v.string())),
  tty: v.boolean(),
  consoleSize: v.optional(TerminalSize),
  openStdin: v.boolean(),
  stdinOnce: v.boolean(),
  stopSignal: v.optional(v.string()),
  stopTimeoutSeconds: v.optional(v.number()),
  init: v.boolean(),
  readOnlyRoot: v.boolean(),
  autoRemove: v.boolean(),
  restart: v.optional(RestartPolicy),
  /** Parts that are absent are the image's, then the defaults. */
  healthcheck: v.optional(v.partial(Healthcheck)),
  labels: v.record(v.string(), v.string()),
  annotations: v.optional(v.record(v.string(), v.string())),
  mounts: v.array(RunMount),
  /** Those whose mounts are among `mounts`, as they were named. */
  volumesFrom: v.optional(v.array(v.string())),
  namespaces: Namespaces,
  resources: Resources,
  security: Security,
  rlimits: v.array(v.object({ name: v.string(), soft: v.number(), hard: v.number() })),
  sysctls: v.record(v.string(), v.string()),
  devices: v.array(Device),
  /** As in the guest's specification. */
  deviceCgroupRules: v.optional(v.array(v.string())),
  cgroupParent: v.optional(v.string()),
  oomScoreAdj: v.number(),
  shmBytes: v.optional(Bytes),
  ports: v.array(PortMapping),
  /** Besides what the image exposes: `80`, `53/udp`, `8000-8010`. */
  exposedPorts: v.optional(v.array(v.string())),
  /** `-P`: publish every port that is exposed. */
  publishAll: v.boolean(),
  macAddress: v.string(),
  /** Further networks, and settings of `namespaces.network`, as in the guest's specification. */
  networks: v.optional(v.array(EndpointSettings)),
  log: v.optional(LogSettings),
});
export type RunConfig = v.InferOutput<typeof RunConfig>;

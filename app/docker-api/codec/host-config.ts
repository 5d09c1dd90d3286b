/** The body of `POST /containers/create`, as far as its fields mean something here; the others are passed over. */
import * as v from 'valibot';
import { Anything, ConsoleSize, Flag, Labels, Text, Whole, Words } from './decode.ts';

/** A word or a list of words, as Go's strslice. */
const Command = v.nullish(
  v.union([
    v.array(v.string()),
    v.pipe(
      v.string(),
      v.transform((word) => [word]),
    ),
  ]),
);
const Keys = v.nullish(v.record(v.string(), Anything), {});
const Throttles = v.nullish(v.array(v.object({ Path: Text, Rate: Whole })), []);
/** Of a container on a network: at its creation, and for `connect`. */
export const EndpointRequest = v.nullish(
  v.object({
    MacAddress: Text,
    Aliases: Words,
    Links: Words,
    IPAMConfig: v.nullish(v.object({ IPv4Address: Text, IPv6Address: Text, LinkLocalIPs: Words })),
    DriverOpts: Labels,
    GwPriority: Whole,
  }),
);
export type EndpointRequest = v.InferOutput<typeof EndpointRequest>;

const Bindings = v.nullish(
  v.record(v.string(), v.nullish(v.array(v.object({ HostIp: Text, HostPort: Text })), [])),
  {},
);

export const MountRequest = v.object({
  Type: v.nullish(v.picklist(['bind', 'volume', 'tmpfs', 'npipe', 'cluster', 'image']), 'volume'),
  Source: Text,
  Target: Text,
  ReadOnly: Flag,
  // Read-only folders of the host are so with all that is in them, so `ReadOnlyForceRecursive` asks for what is.
  BindOptions: v.nullish(
    v.object({
      Propagation: Text,
      ...{ NonRecursive: Flag, CreateMountpoint: Flag, ReadOnlyNonRecursive: Flag, ReadOnlyForceRecursive: Flag },
    }),
  ),
  VolumeOptions: v.nullish(
    v.object({
      NoCopy: Flag,
      Labels,
      Subpath: Text,
      DriverConfig: v.nullish(v.object({ Name: Text, Options: Labels })),
    }),
  ),
  TmpfsOptions: v.nullish(v.object({ SizeBytes: Whole, Mode: Whole, Options: v.nullish(v.array(Words), []) })),
});
export type MountRequest = v.InferOutput<typeof MountRequest>;

export const ResourceRequest = v.object({
  Memory: Whole,
  MemorySwap: Whole,
  MemoryReservation: Whole,
  NanoCpus: Whole,
  CpuShares: Whole,
  CpuPeriod: Whole,
  CpuQuota: Whole,
  CpusetCpus: Text,
  CpusetMems: Text,
  PidsLimit: v.nullish(v.pipe(v.number(), v.integer())),
  BlkioWeight: Whole,
  BlkioDeviceReadBps: Throttles,
  BlkioDeviceWriteBps: Throttles,
  BlkioDeviceReadIOps: Throttles,
  BlkioDeviceWriteIOps: Throttles,
  OomKillDisable: Flag,
  // These are not here, and their askers are told so.
  BlkioWeightDevice: v.nullish(v.array(v.unknown()), []),
  CpuRealtimePeriod: Whole,
  CpuRealtimeRuntime: Whole,
  MemorySwappiness: v.nullish(v.number(), -1),
  // Of clients before 1.42.
  KernelMemory: Whole,
  KernelMemoryTCP: Whole,
});
export type ResourceRequest = v.InferOutput<typeof ResourceRequest>;

export const RestartRequest = v.nullish(v.object({ Name: Text, MaximumRetryCount: Whole }), {});

/** Nanoseconds; 0: the image's, or the default. */
const HealthRequest = v.object({
  Test: Words,
  ...{ Interval: Whole, Timeout: Whole, StartPeriod: Whole, StartInterval: Whole },
  Retries: Whole,
});

export const HostConfig = v.object({
  ...ResourceRequest.entries,
  Binds: Words,
  Mounts: v.nullish(v.array(MountRequest), []),
  Tmpfs: Labels,
  PortBindings: Bindings,
  PublishAllPorts: Flag,
  NetworkMode: Text,
  PidMode: Text,
  IpcMode: Text,
  UTSMode: Text,
  UsernsMode: Text,
  CgroupnsMode: Text,
  CgroupParent: Text,
  Privileged: Flag,
  ReadonlyRootfs: Flag,
  AutoRemove: Flag,
  CapAdd: Words,
  CapDrop: Words,
  SecurityOpt: Words,
  MaskedPaths: v.nullish(v.array(v.string())),
  ReadonlyPaths: v.nullish(v.array(v.string())),
  GroupAdd: Words,
  ExtraHosts: Words,
  Dns: Words,
  DnsOptions: Words,
  DnsSearch: Words,
  Devices: v.nullish(v.array(v.object({ PathOnHost: Text, PathInContainer: Text, CgroupPermissions: Text })), []),
  DeviceCgroupRules: Words,
  DeviceRequests: v.nullish(v.array(v.unknown()), []),
  Ulimits: v.nullish(v.array(v.object({ Name: Text, Soft: Whole, Hard: Whole })), []),
  Sysctls: Labels,
  StorageOpt: Labels,
  ConsoleSize,
  OomScoreAdj: Whole,
  ShmSize: Whole,
  Init: Flag,
  Runtime: Text,
  Isolation: Text,
  IOMaximumBandwidth: Whole,
  IOMaximumIOps: Whole,
  Cgroup: Text,
  VolumeDriver: Text,
  VolumesFrom: Words,
  Links: Words,
  RestartPolicy: RestartRequest,
  LogConfig: v.nullish(v.object({ Type: Text, Config: Labels }), {}),
  Annotations: Labels,
});
export type HostConfig = v.InferOutput<typeof HostConfig>;

export const CreateRequest = v.object({
  Image: Text,
  Cmd: Command,
  Entrypoint: Command,
  Env: Words,
  WorkingDir: Text,
  User: Text,
  Hostname: Text,
  Domainname: Text,
  Tty: Flag,
  OpenStdin: Flag,
  StdinOnce: Flag,
  Labels,
  Volumes: Keys,
  ExposedPorts: Keys,
  StopSignal: Text,
  StopTimeout: v.nullish(v.pipe(v.number(), v.integer())),
  MacAddress: Text,
  NetworkDisabled: Flag,
  Healthcheck: v.nullish(HealthRequest),
  HostConfig: v.nullish(HostConfig, {}),
  NetworkingConfig: v.nullish(
    v.object({
      EndpointsConfig: v.nullish(v.record(v.string(), EndpointRequest), {}),
    }),
    {},
  ),
});
export type CreateRequest = v.InferOutput<typeof CreateRequest>;

/** The body of `POST /containers/{id}/update`: limits and the policy; of what else may stand there it is seen that it does. */
export const UpdateRequest = v.object({
  ...ResourceRequest.entries,
  RestartPolicy: RestartRequest,
  CgroupParent: HostConfig.entries.CgroupParent,
  Devices: HostConfig.entries.Devices,
  DeviceCgroupRules: HostConfig.entries.DeviceCgroupRules,
  DeviceRequests: HostConfig.entries.DeviceRequests,
  Ulimits: HostConfig.entries.Ulimits,
});
export type UpdateRequest = v.InferOutput<typeof UpdateRequest>;

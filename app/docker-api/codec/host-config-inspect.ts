/** `HostConfig` of an inspected container: what was asked for, as far as the specification keeps it. */
import type { ContainerInfo } from '../../../guest-agent/protocol/container.ts';
import { devicesOf, limitsOf, modesOf, namedPortsOf, restartPolicyOf, ulimitsOf } from '../../contract/host-config.ts';
import { bindsOf, mountsOf, tmpfsOf } from './mounts-inspect.ts';
import { bindingsOf } from './published.ts';
import { maskedPaths, readonlyPaths } from './system-paths.ts';

type Spec = ContainerInfo['spec'];

export function hostConfigOf({ name, spec }: ContainerInfo) {
  const { security } = spec;
  const open = security.privileged || security.systemPathsUnconfined;
  return {
    Binds: listOrNull(bindsOf(spec)),
    ContainerIDFile: '',
    LogConfig: { Type: spec.log.driver ?? 'json-file', Config: spec.log.options ?? {} },
    ...modesOf(spec),
    PortBindings: bindingsOf(namedPortsOf(spec)),
    RestartPolicy: restartPolicyOf(spec),
    AutoRemove: spec.autoRemove,
    VolumeDriver: '',
    VolumesFrom: listOrNull(spec.volumesFrom ?? []),
    ConsoleSize: consoleSizeOf(spec),
    CapAdd: listOrNull(security.capAdd),
    CapDrop: listOrNull(security.capDrop),
    Dns: spec.dns,
    DnsOptions: spec.dnsOptions ?? [],
    DnsSearch: spec.dnsSearch ?? [],
    ExtraHosts: listOrNull(spec.extraHosts),
    GroupAdd: listOrNull(spec.groupAdd),
    Cgroup: '',
    Links: linksOf(name, spec),
    OomScoreAdj: spec.oomScoreAdj,
    Privileged: security.privileged,
    PublishAllPorts: spec.publishAll ?? false,
    ReadonlyRootfs: spec.readOnlyRoot,
    SecurityOpt: listOrNull(securityOptions(security)),
    Tmpfs: mapOrNothing(tmpfsOf(spec)),
    Mounts: mountsOf(spec),
    Annotations: mapOrNothing(spec.annotations ?? {}),
    ShmSize: spec.shmBytes,
    Sysctls: mapOrNothing(spec.sysctls),
    Runtime: 'runc',
    Isolation: '',
    ...allLimitsOf(spec),
    Devices: devicesOf(spec),
    Ulimits: ulimitsOf(spec),
    Init: spec.init || undefined,
    MaskedPaths: open ? [] : maskedPaths,
    ReadonlyPaths: open ? [] : readonlyPaths,
  };
}

/** What the engine has no such limit for stands as Docker writes it where it was not asked for. */
function allLimitsOf(spec: Spec) {
  const limits = limitsOf(spec);
  return {
    ...limits,
    ...{ CpuRealtimePeriod: 0, CpuRealtimeRuntime: 0, CpuCount: 0, CpuPercent: 0 },
    CgroupParent: spec.cgroupParent ?? '',
    PidsLimit: spec.resources.pidsLimit === undefined ? null : limits.PidsLimit,
    BlkioWeightDevice: [],
    DeviceCgroupRules: listOrNull(spec.deviceCgroupRules ?? []),
    DeviceRequests: null,
    IOMaximumIOps: 0,
    IOMaximumBandwidth: 0,
  };
}

function consoleSizeOf({ consoleSize = { rows: 0, columns: 0 } }: Spec): [height: number, width: number] {
  return [consoleSize.rows, consoleSize.columns];
}

/** Those of the default bridge; on networks of users they are told with the network. */
function linksOf(name: string, { networks = [] }: Spec): string[] | null {
  const links = networks.flatMap((settings) => (settings.network === 'bridge' ? settings.links : []));
  return listOrNull(links.map(({ container, alias }) => `/${container}:/${name}/${alias}`));
}

function securityOptions(security: Spec['security']): string[] {
  const options: string[] = [];
  if (security.noNewPrivileges) options.push('no-new-privileges');
  if (security.seccomp.kind === 'unconfined') options.push('seccomp=unconfined');
  if (security.seccomp.kind === 'profile') options.push(`seccomp=${JSON.stringify(security.seccomp.profile)}`);
  return options;
}

function listOrNull(list: readonly string[]): string[] | null {
  return list.length === 0 ? null : [...list];
}

/** Docker leaves empty ones out. */
function mapOrNothing(map: Readonly<Record<string, string>>): Readonly<Record<string, string>> | undefined {
  return Object.keys(map).length === 0 ? undefined : map;
}

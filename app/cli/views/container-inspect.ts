/** `inspect` of a container in Docker's shape, as far as the data goes. Maps are `Map`s for templates. */
import type { ContainerInfo } from '../../../guest-agent/protocol/container.ts';
import { commandWords } from '../../contract/command-words.ts';
import { containerState } from '../../contract/container-state.ts';
import { devicesOf, limitsOf, modesOf, namedPortsOf, restartPolicyOf, ulimitsOf } from '../../contract/host-config.ts';
import { exposedPorts, reachablePorts } from '../../contract/exposed-ports.ts';
import { rfc3339 } from '../../contract/times.ts';
import type { PublishedPort } from './ports.ts';

export function containerInspect(info: ContainerInfo, ports: readonly PublishedPort[], writableBytes?: number): object {
  const { spec } = info;
  const [path = '', ...args] = spec.argv;
  return {
    Id: info.id,
    Created: rfc3339(info.createdAt),
    Path: path,
    Args: args,
    State: containerState(info),
    Image: spec.image.id,
    Name: `/${info.name}`,
    RestartCount: info.restartCount,
    Driver: 'overlay',
    Platform: 'linux',
    ...(writableBytes === undefined ? {} : { SizeRw: writableBytes }),
    HostConfig: hostConfig(info),
    Mounts: spec.mounts.map(mountOf),
    Config: configOf(info),
    NetworkSettings: networkOf(info, ports),
    Warnings: info.warnings,
    UserNamespaceRangeStart: info.idRangeStart ?? 0,
  };
}

function configOf({ id, spec }: ContainerInfo): object {
  const { entrypoint, command } = commandWords(spec);
  return {
    Hostname: spec.hostname === '' ? id.slice(0, 12) : spec.hostname,
    Domainname: spec.domainname,
    User: spec.user,
    Tty: spec.tty,
    OpenStdin: spec.openStdin,
    StdinOnce: spec.stdinOnce,
    Env: spec.env,
    Entrypoint: entrypoint,
    Cmd: command,
    ExposedPorts: new Map(exposedPorts(spec).map((port) => [port, {}])),
    Image: spec.image.reference,
    WorkingDir: spec.workdir,
    Labels: new Map(Object.entries(spec.labels)),
    StopSignal: spec.stopSignal,
    StopTimeout: spec.stopTimeoutSeconds,
  };
}

function hostConfig({ spec }: ContainerInfo): object {
  const { security } = spec;
  return {
    ...modesOf(spec),
    AutoRemove: spec.autoRemove,
    RestartPolicy: restartPolicyOf(spec),
    Privileged: security.privileged,
    ReadonlyRootfs: spec.readOnlyRoot,
    CapAdd: security.capAdd,
    CapDrop: security.capDrop,
    SecurityOpt: securityOptions(security),
    Init: spec.init,
    GroupAdd: spec.groupAdd,
    ExtraHosts: spec.extraHosts,
    Dns: spec.dns,
    ShmSize: spec.shmBytes,
    OomScoreAdj: spec.oomScoreAdj,
    Sysctls: new Map(Object.entries(spec.sysctls)),
    Ulimits: ulimitsOf(spec),
    Devices: devicesOf(spec),
    CgroupParent: spec.cgroupParent ?? '',
    DeviceCgroupRules: spec.deviceCgroupRules ?? [],
    VolumesFrom: spec.volumesFrom ?? [],
    Annotations: new Map(Object.entries(spec.annotations ?? {})),
    LogConfig: {
      Type: 'json-file',
      Config: new Map([
        ['max-size', String(spec.log.maxBytes)],
        ['max-file', String(spec.log.maxFiles)],
      ]),
    },
    PortBindings: bindingsOf(namedPortsOf(spec)),
    PublishAllPorts: spec.publishAll ?? false,
    ...limitsOf(spec),
  };
}

function securityOptions(security: ContainerInfo['spec']['security']): string[] {
  const options: string[] = [];
  if (security.noNewPrivileges) options.push('no-new-privileges');
  if (security.systemPathsUnconfined) options.push('systempaths=unconfined');
  if (security.seccomp.kind === 'unconfined') options.push('seccomp=unconfined');
  if (security.seccomp.kind === 'profile') options.push(`seccomp=${JSON.stringify(security.seccomp.profile)}`);
  return options;
}

function mountOf(mount: ContainerInfo['spec']['mounts'][number]): object {
  const common = { Destination: mount.target, RW: !mount.readOnly, Mode: mount.readOnly ? 'ro' : '' };
  if ('hostPath' in mount) return { Type: 'bind', Name: '', Source: mount.hostPath, ...common };
  if (mount.type === 'volume') return { Type: 'volume', Name: mount.name, Source: '', ...common };
  return { Type: 'tmpfs', Name: '', Source: '', ...common };
}

function networkOf(info: ContainerInfo, ports: readonly PublishedPort[]): object {
  const { endpoints } = info;
  const [first] = endpoints;
  return {
    Ports: bindingsOf(ports, reachablePorts(info)),
    IPAddress: first?.ipv4 ?? '',
    IPPrefixLen: first?.prefixLength ?? 0,
    Gateway: first?.gateway ?? '',
    MacAddress: first?.macAddress ?? '',
    Networks: new Map(
      endpoints.map((endpoint) => [
        endpoint.network,
        {
          NetworkID: endpoint.networkId ?? '',
          IPAddress: endpoint.ipv4,
          IPPrefixLen: endpoint.prefixLength,
          Gateway: endpoint.gateway,
          GlobalIPv6Address: endpoint.ipv6 ?? '',
          GlobalIPv6PrefixLen: endpoint.ipv6PrefixLength ?? 0,
          IPv6Gateway: endpoint.ipv6Gateway ?? '',
          MacAddress: endpoint.macAddress,
          DNSNames: endpoint.dnsNames ?? [],
        },
      ]),
    ),
  };
}

type Bindings = Map<string, { HostIp: string; HostPort: string }[] | null>;

/** Exposed ones that are not published are null. */
function bindingsOf(ports: readonly PublishedPort[], exposed: readonly string[] = []): Bindings {
  const bindings: Bindings = new Map(exposed.map((key) => [key, null]));
  for (const port of ports) {
    const key = `${port.containerPort}/${port.protocol}`;
    const binding = { HostIp: port.hostAddress, HostPort: String(port.hostPort) };
    bindings.set(key, [...(bindings.get(key) ?? []), binding]);
  }
  return bindings;
}

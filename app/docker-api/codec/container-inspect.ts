/** `GET /containers/{id}/json`. */
import { containerState } from '../../contract/container-state.ts';
import type { ContainerInfo } from '../../../guest-agent/protocol/container.ts';
import type { NetworkInfo } from '../../../guest-agent/protocol/network.ts';
import { commandWords } from '../../contract/command-words.ts';
import { exposedPorts, reachablePorts } from '../../contract/exposed-ports.ts';
import { rfc3339 } from '../../contract/times.ts';
import { endpointsOf } from './endpoints.ts';
import { hostConfigOf } from './host-config-inspect.ts';
import type { ImageRunPart } from './image-config.ts';
import { mountPoints } from './mount-points.ts';
import { bindingsOf, type PublishedPort } from './published.ts';

export interface InspectFacts {
  /** Minor number of the version that was asked for. */
  readonly minor: number;
  readonly networks: readonly NetworkInfo[];
  readonly ports: readonly PublishedPort[];
  /** Of the image, when it is still there. */
  readonly image?: ImageRunPart;
  readonly size?: { readonly writable: number; readonly root: number };
}

export function containerInspect(info: ContainerInfo, facts: InspectFacts) {
  const { spec } = info;
  const [path = '', ...args] = spec.argv;
  return {
    Id: info.id,
    Created: rfc3339(info.createdAt),
    Path: path,
    Args: args,
    State: containerState(info),
    Image: spec.image.id,
    ResolvConfPath: '',
    HostnamePath: '',
    HostsPath: '',
    LogPath: '',
    Name: `/${info.name}`,
    RestartCount: info.restartCount,
    Driver: 'overlay2',
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: null,
    HostConfig: hostConfigOf(info),
    GraphDriver: { Name: 'overlay2', Data: {} },
    ...(facts.size !== undefined && { SizeRw: facts.size.writable, SizeRootFs: facts.size.root }),
    Mounts: mountPoints(info),
    Config: configOf(info, facts.image),
    NetworkSettings: networkSettings(info, facts),
  };
}

function configOf({ id, spec }: ContainerInfo, image: ImageRunPart | undefined) {
  const { entrypoint, command } = commandWords(spec, image?.Entrypoint ?? []);
  const exposed = exposedPorts(spec, image?.ExposedPorts);
  const anonymous = spec.mounts.filter(
    (mount) => mount.type === 'volume' && mount.name === '' && mount.askedAs === undefined,
  );
  return {
    Hostname: spec.hostname === '' ? id.slice(0, 12) : spec.hostname,
    Domainname: spec.domainname,
    User: spec.user,
    AttachStdin: spec.stdinOnce,
    AttachStdout: true,
    AttachStderr: true,
    ...(exposed.length > 0 && { ExposedPorts: Object.fromEntries(exposed.map((port) => [port, {}])) }),
    Tty: spec.tty,
    OpenStdin: spec.openStdin,
    StdinOnce: spec.stdinOnce,
    Env: spec.env,
    Cmd: command,
    Image: spec.image.reference,
    Volumes: anonymous.length === 0 ? null : Object.fromEntries(anonymous.map(({ target }) => [target, {}])),
    WorkingDir: spec.workdir === '/' ? '' : spec.workdir,
    Entrypoint: entrypoint.length > 0 ? entrypoint : null,
    OnBuild: null,
    Labels: spec.labels,
    ...(spec.healthcheck !== undefined && { Healthcheck: healthcheckOf(spec.healthcheck) }),
    StopSignal: spec.stopSignal,
    StopTimeout: spec.stopTimeoutSeconds,
  };
}

function networkSettings(info: ContainerInfo, { minor, ports, networks, image }: InspectFacts) {
  const live = info.state.status === 'running' || info.state.status === 'paused';
  const common = {
    SandboxID: live ? info.id : '',
    SandboxKey: live ? `/proc/${info.id}/ns/net` : '',
    Ports: live ? bindingsOf(ports, reachablePorts(info, image?.ExposedPorts)) : {},
    Networks: minor < 45 ? withOldAliases(info, endpointsOf(info, networks)) : endpointsOf(info, networks),
  };
  return minor >= 52 ? common : { ...legacyNetwork(info), ...common };
}

/** Until 1.44 what are DNSNames now stood among the aliases, on networks of users. */
function withOldAliases({ id, spec }: ContainerInfo, shown: ReturnType<typeof endpointsOf>) {
  const short = id.slice(0, 12);
  const more = [short, spec.hostname || short];
  const entries = Object.entries(shown).map(([name, endpoint]) => {
    const Aliases = [...new Set([...(endpoint.Aliases ?? []), ...more])];
    return [name, ['bridge', 'host', 'none'].includes(name) ? endpoint : { ...endpoint, Aliases }] as const;
  });
  return Object.fromEntries(entries);
}

const noEndpoint = { gateway: '', ipv4: '', prefixLength: 0, macAddress: '' };

/** Until 1.51 the address on the default bridge stood at the top, too; that on another network never did. */
function legacyNetwork({ id, endpoints }: ContainerInfo) {
  const onBridge = endpoints.find(({ network }) => network === 'bridge');
  const { gateway, ipv4, prefixLength, macAddress } = onBridge ?? noEndpoint;
  return {
    Bridge: '',
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: ipv4 === '' ? '' : id,
    Gateway: gateway,
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    IPAddress: ipv4,
    IPPrefixLen: prefixLength,
    IPv6Gateway: '',
    MacAddress: macAddress,
  };
}

function healthcheckOf(check: NonNullable<ContainerInfo['spec']['healthcheck']>) {
  const nano = (milliseconds: number): number => milliseconds * 1e6;
  return {
    Test: check.test,
    Interval: nano(check.interval),
    Timeout: nano(check.timeout),
    StartPeriod: nano(check.startPeriod),
    StartInterval: nano(check.startInterval),
    Retries: check.retries,
  };
}

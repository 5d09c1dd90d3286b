/** From Docker's request for a container to ours, with a warning for each wish that cannot be granted. */
import { deviceRulePattern } from '../../../guest-agent/protocol/container-spec.ts';
import { EngineError } from '../../../guest-agent/protocol/errors.ts';
import type { RunConfig } from '../../contract/run-config.ts';
import type { CreateRequest, HostConfig } from './host-config.ts';
import { healthcheckFrom, restartFrom } from './life.ts';
import { networksFrom } from './endpoint-settings.ts';
import { logOf } from './log-config.ts';
import { mountsFrom } from './mounts.ts';
import { namespacesFrom } from './namespaces.ts';
import { portsFrom } from './ports.ts';
import { resourcesFrom } from './resources.ts';
import { securityFrom } from './security.ts';
import { createWarnings } from './warnings.ts';

export interface CreatePlan {
  readonly config: RunConfig;
  readonly warnings: readonly string[];
}

export interface CreateContext {
  /** Of the API's version that was asked for. */
  readonly minor: number;
  readonly platform: string;
  /** The host's paths may begin with a drive. */
  readonly windows: boolean;
}

/** @throws EngineError `invalid-argument`, `unsupported` */
export function createPlan(request: CreateRequest, { minor, platform, windows }: CreateContext): CreatePlan {
  const { HostConfig: host } = request;
  if (request.Image === '')
    throw new EngineError('invalid-argument', 'config cannot be empty in order to create a container');
  checkHostConfig(host);
  const namespaces = namespacesFrom(request);
  return {
    warnings: createWarnings(request, minor),
    config: {
      image: request.Image,
      platform,
      ...processPart(request),
      ...isolationPart(request),
      env: request.Env,
      groupAdd: host.GroupAdd,
      extraHosts: host.ExtraHosts,
      dns: host.Dns,
      labels: request.Labels,
      annotations: host.Annotations,
      mounts: mountsFrom(request, windows),
      volumesFrom: host.VolumesFrom,
      ports: portsFrom(request),
      exposedPorts: Object.keys(request.ExposedPorts),
      publishAll: host.PublishAllPorts,
      macAddress: request.MacAddress,
      namespaces,
      networks: networksFrom(request, namespaces.network),
      dnsSearch: host.DnsSearch,
      dnsOptions: host.DnsOptions,
      log: logOf(host.LogConfig),
    },
  };
}

function processPart(request: CreateRequest) {
  const { HostConfig: host } = request;
  return {
    command: request.Cmd ?? [],
    entrypoint: request.Entrypoint ?? undefined,
    workdir: request.WorkingDir || undefined,
    user: request.User || undefined,
    hostname: request.Hostname || undefined,
    domainname: request.Domainname,
    tty: request.Tty,
    consoleSize: host.ConsoleSize,
    openStdin: request.OpenStdin,
    stdinOnce: request.StdinOnce,
    stopSignal: request.StopSignal || undefined,
    stopTimeoutSeconds: request.StopTimeout ?? undefined,
    init: host.Init,
    autoRemove: host.AutoRemove,
    restart: restartFrom(host.RestartPolicy),
    healthcheck: healthcheckFrom(request.Healthcheck),
    oomScoreAdj: host.OomScoreAdj,
  };
}

function isolationPart(request: CreateRequest) {
  const { HostConfig: host } = request;
  return {
    readOnlyRoot: host.ReadonlyRootfs,
    resources: resourcesFrom(host),
    security: securityFrom(host),
    rlimits: host.Ulimits.map(({ Name, Soft, Hard }) => ({ name: Name, soft: Soft, hard: Hard })),
    sysctls: host.Sysctls,
    devices: host.Devices.map(({ PathOnHost, PathInContainer, CgroupPermissions }) => ({
      pathInGuest: PathOnHost,
      pathInContainer: PathInContainer || PathOnHost,
      permissions: CgroupPermissions || 'rwm',
    })),
    deviceCgroupRules: host.DeviceCgroupRules.map(deviceRule),
    cgroupParent: host.CgroupParent || undefined,
    shmBytes: host.ShmSize > 0 ? host.ShmSize : undefined,
  };
}

function deviceRule(text: string): string {
  if (deviceRulePattern.test(text)) return text;
  throw new EngineError('invalid-argument', `invalid device cgroup rule format: '${text}'`);
}

function checkHostConfig(host: HostConfig): void {
  const policy = restartFrom(host.RestartPolicy)?.name ?? 'no';
  if (host.AutoRemove && policy !== 'no')
    throw new EngineError('invalid-argument', "can't create 'AutoRemove' container with restart policy");
  if (host.ShmSize < 0) throw new EngineError('invalid-argument', 'SHM size can not be less than 0');
  if (host.OomScoreAdj < -1000 || host.OomScoreAdj > 1000)
    throw new EngineError(
      'invalid-argument',
      `Invalid value ${host.OomScoreAdj}, range for oom score adj is [-1000, 1000]`,
    );
  if (!['', 'runc', 'io.containerd.runc.v2'].includes(host.Runtime))
    throw new EngineError('invalid-argument', `unknown or invalid runtime name: ${host.Runtime}`);
  refuseForWindows(host);
  const badHost = host.ExtraHosts.find((entry) => !/^[^:=]+[:=].+$/.test(entry));
  if (badHost !== undefined)
    throw new EngineError('invalid-argument', `bad format for add-host: ${JSON.stringify(badHost)}`);
  if (Object.keys(host.StorageOpt).length > 0)
    throw new EngineError('invalid-argument', '--storage-opt is not supported: the data disk has no quotas.');
  if (host.DeviceRequests.length > 0)
    throw new EngineError('invalid-argument', 'could not select device driver: the machine has no such devices');
}

function refuseForWindows({ Isolation, IOMaximumBandwidth, IOMaximumIOps }: HostConfig): void {
  if (!['', 'default'].includes(Isolation.toLowerCase()))
    throw new EngineError('invalid-argument', `Invalid isolation: "${Isolation}" - linux only supports 'default'`);
  if (IOMaximumBandwidth !== 0)
    throw new EngineError(
      'invalid-argument',
      'Invalid QoS settings: linux does not support configuration of maximum bandwidth',
    );
  if (IOMaximumIOps !== 0)
    throw new EngineError(
      'invalid-argument',
      'Invalid QoS settings: linux does not support configuration of maximum IOPs',
    );
}

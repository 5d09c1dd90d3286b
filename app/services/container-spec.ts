/** From what a front door asks for and the image's config to what the guest makes a container from. Pure. */
import { EngineError } from '../../guest-agent/protocol/errors.ts';
import type { ContainerSpec, Mount, RestartPolicy } from '../../guest-agent/protocol/index.ts';
import { logDefaults } from '../contract/log-defaults.ts';
import type { RunConfig } from '../contract/run-config.ts';
import { commandOf, envOf } from './command-spec.ts';
import { healthcheckOf } from './healthcheck-spec.ts';
import type { ImageRunConfig } from './image-config-spec.ts';
import { exposedPortsOf, portsOf } from './port-spec.ts';

export interface SpecImage {
  readonly reference: string;
  readonly id: string;
  /** Diff ids, bottom first. */
  readonly layers: readonly string[];
  readonly config: ImageRunConfig;
}

const defaults = { shmBytes: 64 * 2 ** 20, stopSignal: 'SIGTERM', stopTimeoutSeconds: 10 };

/**
 * @param mounts of `mountsOf`, with host folders already found on shares
 * @throws EngineError `invalid-argument`
 */
export function containerSpec(config: RunConfig, image: SpecImage, mounts: readonly Mount[]): ContainerSpec {
  const { namespaces, resources, security, rlimits, sysctls, devices } = config;
  return {
    image: { reference: image.reference, id: image.id, layers: [...image.layers] },
    ...commandOf(config, image.config),
    env: envOf(config, image.config),
    ...identity(config, image.config),
    ...terminal(config),
    ...life(config, image.config),
    ...healthcheckOf(config.healthcheck, image.config),
    readOnlyRoot: config.readOnlyRoot,
    labels: { ...image.config.Labels, ...config.labels },
    ...(config.annotations !== undefined && { annotations: config.annotations }),
    mounts: [...mounts],
    ...(config.volumesFrom !== undefined && { volumesFrom: config.volumesFrom }),
    ...{ namespaces, resources: limitsOf(resources), security, rlimits, sysctls, devices },
    ...(config.deviceCgroupRules !== undefined && { deviceCgroupRules: config.deviceCgroupRules }),
    ...(config.cgroupParent !== undefined && { cgroupParent: config.cgroupParent }),
    oomScoreAdj: config.oomScoreAdj,
    shmBytes: config.shmBytes ?? defaults.shmBytes,
    ports: portsOf(config, image.config),
    exposedPorts: exposedPortsOf(config, image.config),
    publishAll: config.publishAll,
    macAddress: config.macAddress,
    ...(config.networks !== undefined && { networks: config.networks }),
    log: config.log ?? logDefaults,
  };
}

/** As in Docker no limit of processes, however it is written, counts as none that was asked for. */
function limitsOf({ pidsLimit = 0, ...others }: RunConfig['resources']): ContainerSpec['resources'] {
  return pidsLimit > 0 ? { ...others, pidsLimit } : others;
}

/** Empty words count as not given. An empty hostname is filled by the guest, with the first 12 digits of the container's id. */
function identity(config: RunConfig, image: ImageRunConfig) {
  const { groupAdd, domainname, extraHosts, dns, dnsSearch, dnsOptions } = config;
  return {
    workdir: workdirOf(config.workdir || image.WorkingDir || '/'),
    user: config.user || image.User,
    hostname: config.hostname ?? '',
    ...{ groupAdd, domainname, extraHosts, dns },
    ...(dnsSearch !== undefined && { dnsSearch }),
    ...(dnsOptions !== undefined && { dnsOptions }),
  };
}

function workdirOf(path: string): string {
  if (path.startsWith('/')) return path;
  throw new EngineError('invalid-argument', `The working directory ${JSON.stringify(path)} is not absolute.`, {
    hint: 'Give a path that starts with "/".',
  });
}

function terminal({ tty, consoleSize, openStdin, stdinOnce }: RunConfig) {
  return { tty, ...(consoleSize !== undefined && { consoleSize }), openStdin, stdinOnce };
}

function life(config: RunConfig, image: ImageRunConfig) {
  return {
    stopSignal: config.stopSignal || image.StopSignal || defaults.stopSignal,
    stopTimeoutSeconds: config.stopTimeoutSeconds ?? defaults.stopTimeoutSeconds,
    init: config.init,
    autoRemove: config.autoRemove,
    ...(config.restart !== undefined && { restart: restartOf(config.restart, config.autoRemove) }),
  };
}

function restartOf(policy: RestartPolicy, autoRemove: boolean): RestartPolicy {
  if (policy.name !== 'no' && autoRemove)
    throw new EngineError('invalid-argument', 'A container that is removed at its end has no restart policy.', {
      hint: 'Leave out --rm or --restart.',
    });
  if (policy.maximumRetries > 0 && policy.name !== 'on-failure')
    throw new EngineError('invalid-argument', `Only on-failure has a number of retries, not ${policy.name}.`, {
      hint: 'Write on-failure:N, or leave the number out.',
    });
  return policy;
}

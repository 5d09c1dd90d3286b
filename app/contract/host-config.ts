/** Parts of `HostConfig` in Docker's shape that are the same at every front door. */
import type { ContainerInfo } from '../../guest-agent/protocol/container.ts';

type Spec = ContainerInfo['spec'];

/** Limits as they were asked for; 0 and an empty list: none. */
export function limitsOf({ resources }: Spec) {
  const throttles = (list: Spec['resources']['deviceReadBps']) =>
    (list ?? []).map(({ device, rate }) => ({ Path: device, Rate: rate }));
  return {
    Memory: resources.memoryBytes ?? 0,
    MemorySwap: resources.memorySwapBytes ?? 0,
    MemoryReservation: resources.memoryReservationBytes ?? 0,
    ...processorLimits(resources),
    PidsLimit: Math.max(resources.pidsLimit ?? 0, 0),
    BlkioWeight: resources.blkioWeight ?? 0,
    BlkioDeviceReadBps: throttles(resources.deviceReadBps),
    BlkioDeviceWriteBps: throttles(resources.deviceWriteBps),
    BlkioDeviceReadIOps: throttles(resources.deviceReadIops),
    BlkioDeviceWriteIOps: throttles(resources.deviceWriteIops),
    OomKillDisable: resources.oomKillDisable ?? false,
  };
}

function processorLimits(resources: Spec['resources']) {
  return {
    NanoCpus: resources.nanoCpus ?? 0,
    CpuQuota: resources.cpuQuotaMicros ?? 0,
    CpuPeriod: resources.cpuPeriodMicros ?? 0,
    CpuShares: resources.cpuShares ?? 0,
    CpusetCpus: resources.cpusetCpus ?? '',
    CpusetMems: resources.cpusetMems ?? '',
  };
}

/** Which namespaces are not its own. */
export function modesOf({ namespaces }: Spec) {
  const own = (value: string): string => (value === 'private' ? '' : value);
  return {
    NetworkMode: namespaces.network,
    PidMode: own(namespaces.pid),
    IpcMode: namespaces.ipc,
    UTSMode: own(namespaces.uts),
    UsernsMode: own(namespaces.user),
    CgroupnsMode: namespaces.cgroup,
  };
}

/** Those that were named; what is published with all exposed ones is told where it is reached. */
export function namedPortsOf({ ports }: Spec): Spec['ports'] {
  return ports.filter(({ asExposed }) => asExposed !== true);
}

export function restartPolicyOf({ restart }: Spec) {
  return { Name: restart?.name ?? 'no', MaximumRetryCount: restart?.maximumRetries ?? 0 };
}

export function ulimitsOf({ rlimits }: Spec) {
  return rlimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard }));
}

export function devicesOf({ devices }: Spec) {
  return devices.map(({ pathInGuest, pathInContainer, permissions }) => ({
    PathOnHost: pathInGuest,
    PathInContainer: pathInContainer,
    CgroupPermissions: permissions,
  }));
}

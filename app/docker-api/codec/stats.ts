/** `GET /containers/{id}/stats`: two samples in the shape of cgroup v2. */
import type { ContainerStats } from '../../../guest-agent/protocol/container.ts';
import { rfc3339 } from '../../contract/times.ts';

/** @param before the sample before it, whose `precpu_stats` clients divide by; absent at the first */
export function containerStats(now: ContainerStats, before: ContainerStats | undefined) {
  return {
    name: `/${now.name}`,
    id: now.id,
    read: rfc3339(now.timeNano),
    preread: rfc3339(before?.timeNano ?? ''),
    pids_stats: { current: now.pids, ...(now.pidsLimit > 0 && { limit: now.pidsLimit }) },
    blkio_stats: blkio(now),
    num_procs: 0,
    storage_stats: {},
    cpu_stats: cpu(now),
    precpu_stats: before === undefined ? idleCpu : cpu(before),
    memory_stats: { usage: now.memoryBytes, stats: now.memoryDetail, limit: now.memoryLimitBytes },
    ...(Object.keys(now.network).length > 0 && { networks: networks(now) }),
  };
}

/** Of a container that does not run. */
export function idleStats(id: string, name: string) {
  return {
    name: `/${name}`,
    id,
    read: rfc3339(''),
    preread: rfc3339(''),
    pids_stats: {},
    blkio_stats: { ...emptyBlkio, io_service_bytes_recursive: null },
    num_procs: 0,
    storage_stats: {},
    cpu_stats: idleCpu,
    precpu_stats: idleCpu,
    memory_stats: {},
  };
}

const idleCpu = {
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
};

const emptyBlkio = {
  io_serviced_recursive: null,
  io_queue_recursive: null,
  io_service_time_recursive: null,
  io_wait_time_recursive: null,
  io_merged_recursive: null,
  io_time_recursive: null,
  sectors_recursive: null,
};

function cpu(stats: ContainerStats) {
  return {
    cpu_usage: {
      total_usage: stats.cpuUsageNano,
      usage_in_kernelmode: stats.cpuSystemNano,
      usage_in_usermode: stats.cpuUserNano,
    },
    system_cpu_usage: stats.systemCpuNano,
    online_cpus: stats.onlineCpus,
    throttling_data: {
      periods: stats.cpuPeriods ?? 0,
      throttled_periods: stats.throttledPeriods ?? 0,
      throttled_time: stats.throttledNano,
    },
  };
}

function blkio({ blockDevices = [] }: ContainerStats) {
  const entries = blockDevices.flatMap(({ major, minor, readBytes, writeBytes }) => [
    { major, minor, op: 'read', value: readBytes },
    { major, minor, op: 'write', value: writeBytes },
  ]);
  return { ...emptyBlkio, io_service_bytes_recursive: entries.length === 0 ? null : entries };
}

function networks({ network }: ContainerStats) {
  return Object.fromEntries(
    Object.entries(network).map(([name, { rxErrors = 0, rxDropped = 0, txErrors = 0, txDropped = 0, ...counted }]) => [
      name,
      {
        ...{ rx_bytes: counted.rxBytes, rx_packets: counted.rxPackets, rx_errors: rxErrors, rx_dropped: rxDropped },
        ...{ tx_bytes: counted.txBytes, tx_packets: counted.txPackets, tx_errors: txErrors, tx_dropped: txDropped },
      },
    ]),
  );
}

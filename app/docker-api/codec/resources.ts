import { EngineError } from '../../../guest-agent/protocol/errors.ts';
import type { RunConfig } from '../../contract/run-config.ts';
import type { ResourceRequest } from './host-config.ts';

type Resources = RunConfig['resources'];

/** Zero and an empty word mean "not given", as in Docker. @throws EngineError `invalid-argument` */
export function resourcesFrom(request: ResourceRequest): Resources {
  for (const [value, what] of [[request.CpuPeriod, 'Period'] as const, [request.CpuQuota, 'Quota'] as const])
    if (request.NanoCpus > 0 && value > 0)
      throw new EngineError('invalid-argument', `Conflicting options: Nano CPUs and CPU ${what} cannot both be set.`);
  return onlyGiven({
    memoryBytes: positive(request.Memory),
    memorySwapBytes: request.MemorySwap === 0 ? undefined : request.MemorySwap,
    memoryReservationBytes: positive(request.MemoryReservation),
    nanoCpus: positive(request.NanoCpus),
    cpuQuotaMicros: request.CpuQuota === 0 ? undefined : request.CpuQuota,
    cpuPeriodMicros: positive(request.CpuPeriod),
    cpuShares: positive(request.CpuShares),
    cpusetCpus: request.CpusetCpus || undefined,
    cpusetMems: request.CpusetMems || undefined,
    pidsLimit: request.PidsLimit ?? undefined,
    blkioWeight: positive(request.BlkioWeight),
    deviceReadBps: throttles(request.BlkioDeviceReadBps),
    deviceWriteBps: throttles(request.BlkioDeviceWriteBps),
    deviceReadIops: throttles(request.BlkioDeviceReadIOps),
    deviceWriteIops: throttles(request.BlkioDeviceWriteIOps),
    oomKillDisable: request.OomKillDisable || undefined,
  });
}

function onlyGiven(resources: Readonly<Record<string, unknown>>): Resources {
  return Object.fromEntries(Object.entries(resources).filter(([, value]) => value !== undefined));
}

function positive(value: number): number | undefined {
  return value > 0 ? value : undefined;
}

function throttles(list: readonly { Path: string; Rate: number }[]): Resources['deviceReadBps'] {
  return list.length === 0 ? undefined : list.map(({ Path, Rate }) => ({ device: Path, rate: Rate }));
}

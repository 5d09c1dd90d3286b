/** Rows of `stats`, from two samples: shares are of the time between them. */
import type { ContainerStats } from '../../../guest-agent/protocol/container.ts';
import { binarySize, decimalSize } from '../flags/bytes.ts';
import type { ListView } from '../format/list.ts';

export interface StatsRow {
  readonly Container: string;
  readonly ID: string;
  readonly Name: string;
  readonly CPUPerc: string;
  readonly MemUsage: string;
  readonly MemPerc: string;
  readonly NetIO: string;
  readonly BlockIO: string;
  readonly PIDs: string;
  /** Share of the last 10 s in which some task waited. */
  readonly Pressure: string;
}

export const statsView: ListView<StatsRow> = {
  columns: ['ID', 'Name', 'CPUPerc', 'MemUsage', 'MemPerc', 'NetIO', 'BlockIO', 'PIDs', 'Pressure'],
  titles: {
    Container: 'CONTAINER',
    ID: 'CONTAINER ID',
    Name: 'NAME',
    CPUPerc: 'CPU %',
    MemUsage: 'MEM USAGE / LIMIT',
    MemPerc: 'MEM %',
    NetIO: 'NET I/O',
    BlockIO: 'BLOCK I/O',
    PIDs: 'PIDS',
    Pressure: 'PRESSURE (CPU MEM IO)',
  },
};

export function statsRow(now: ContainerStats, before: ContainerStats | undefined, truncate: boolean): StatsRow {
  const networks = Object.values(now.network);
  const received = sum(networks.map(({ rxBytes }) => rxBytes));
  const sent = sum(networks.map(({ txBytes }) => txBytes));
  const memory = now.memoryLimitBytes > 0 ? (now.memoryBytes / now.memoryLimitBytes) * 100 : 0;
  return {
    Container: now.name,
    ID: truncate ? now.id.slice(0, 12) : now.id,
    Name: now.name,
    CPUPerc: `${cpuPercent(now, before).toFixed(2)}%`,
    MemUsage: `${binarySize(now.memoryBytes)} / ${binarySize(now.memoryLimitBytes)}`,
    MemPerc: `${memory.toFixed(2)}%`,
    NetIO: `${decimalSize(received)} / ${decimalSize(sent)}`,
    BlockIO: `${decimalSize(now.blockRead)} / ${decimalSize(now.blockWrite)}`,
    PIDs: String(now.pids),
    Pressure: ['cpu', 'memory', 'io'].map((kind) => (now.pressure[kind]?.some10 ?? 0).toFixed(1)).join(' '),
  };
}

/** 100 is one CPU wholly used. */
export function cpuPercent(now: ContainerStats, before: ContainerStats | undefined): number {
  if (before === undefined) return 0;
  const used = now.cpuUsageNano - before.cpuUsageNano;
  const system = now.systemCpuNano - before.systemCpuNano;
  return used > 0 && system > 0 ? (used / system) * now.onlineCpus * 100 : 0;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

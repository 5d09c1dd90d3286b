/** What a container uses, from its cgroup (cgroup-v2.rst) and its network namespace. */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import type { CgroupState } from '../effects/queries.ts';
import type { ContainerStats } from '../protocol/container.ts';
import { nowNano } from './clock.ts';
import type { Container } from './container.ts';
import { isActive, requireActive } from './container-state.ts';
import type { Engine } from './engine.ts';
import { cgroupDir, type Paths } from './paths.ts';

const microsecond = 1000;
/** Ticks of /proc/stat: USER_HZ is 100 on every architecture of ours. */
const tickNano = 10_000_000;

/** Of the named ones, which must run; with no names, of all that do. @throws EngineError `no-such-container`, `wrong-state` */
export async function statsOf(engine: Engine, ids: readonly string[]): Promise<ContainerStats[]> {
  const named = ids.map((id) => engine.containers.get(id));
  for (const { name, record } of named) requireActive(name, record.state);
  const chosen = ids.length > 0 ? named : engine.containers.all().filter(({ record }) => isActive(record.state));
  const all = await Promise.all(chosen.map((container) => stats(engine, container)));
  return all.flatMap((one) => one ?? []);
}

async function stats(engine: Engine, { record }: Container): Promise<ContainerStats | undefined> {
  const { effects, paths } = engine;
  if (!isActive(record.state)) return undefined;
  const { pid } = record.state;
  const [cgroup, interfaces] = await Promise.all([
    effects.read('cgroup', { path: cgroupDir(paths, record) }),
    effects.read('interfaces', { pid }).catch(() => []),
  ]);
  const memoryLimit = limit(cgroup.files['memory.max']);
  return {
    id: record.id,
    name: record.name,
    timeNano: nowNano(),
    ...processorTime(cgroup),
    systemCpuNano: systemCpu(paths),
    onlineCpus: cpus().length,
    memoryBytes: Number(cgroup.files['memory.current'] ?? 0),
    memoryLimitBytes: memoryLimit ?? engine.facts.memoryBytes,
    memoryDetail: { ...cgroup.keyed['memory.stat'] },
    memoryEvents: { ...cgroup.keyed['memory.events'] },
    pids: Number(cgroup.files['pids.current'] ?? 0),
    pidsLimit: limit(cgroup.files['pids.max']) ?? 0,
    ...blockBytes(cgroup),
    network: Object.fromEntries(
      interfaces
        .filter(({ name }) => name !== 'lo')
        .map(({ name, rxBytes, rxPackets, rxErrors, rxDropped, txBytes, txPackets, txErrors, txDropped }) => [
          name,
          { rxBytes, rxPackets, rxErrors, rxDropped, txBytes, txPackets, txErrors, txDropped },
        ]),
    ),
    pressure: Object.fromEntries(
      Object.entries(cgroup.pressure).map(([name, { some, full }]) => [
        name,
        { some10: some.avg10, full10: full?.avg10 ?? 0 },
      ]),
    ),
  };
}

function limit(text: string | undefined): number | undefined {
  return text === undefined || text === 'max' ? undefined : Number(text);
}

function processorTime({ keyed }: CgroupState) {
  const { usage_usec = 0, user_usec = 0, system_usec = 0, ...limited } = keyed['cpu.stat'] ?? {};
  return {
    cpuUsageNano: usage_usec * microsecond,
    cpuUserNano: user_usec * microsecond,
    cpuSystemNano: system_usec * microsecond,
    throttledNano: (limited.throttled_usec ?? 0) * microsecond,
    cpuPeriods: limited.nr_periods ?? 0,
    throttledPeriods: limited.nr_throttled ?? 0,
  };
}

type BlockBytes = Pick<ContainerStats, 'blockRead' | 'blockWrite' | 'blockDevices'>;

function blockBytes({ io }: CgroupState): BlockBytes {
  const blockDevices = Object.entries(io).map(([device, { rbytes = 0, wbytes = 0 }]) => {
    const [major = 0, minor = 0] = device.split(':').map(Number);
    return { major, minor, readBytes: rbytes, writeBytes: wbytes };
  });
  const sum = (key: 'readBytes' | 'writeBytes') => blockDevices.reduce((total, device) => total + device[key], 0);
  return { blockRead: sum('readBytes'), blockWrite: sum('writeBytes'), blockDevices };
}

/** Time of all processors together, idle time included, as Docker counts it. */
function systemCpu(paths: Paths): number {
  const [first = ''] = readFileSync(`${paths.proc}/stat`, 'utf8').split('\n', 1);
  // user nice system idle iowait irq softirq steal; guest time is in user already (proc_stat(5)).
  return (
    first
      .trim()
      .split(/\s+/)
      .slice(1, 9)
      .reduce((sum, word) => sum + Number(word), 0) * tickNano
  );
}

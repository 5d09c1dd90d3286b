/** A running container as the kernel has it: namespaces, id maps, cgroup, mounts, rights, interfaces. */
import { readFileSync } from 'node:fs';
import { capabilitiesOf } from '../plan/capability.ts';
import type { CgroupState, IdExtent, NamespaceInodes } from '../effects/queries.ts';
import type { ContainerSpec } from '../protocol/container-spec.ts';
import type { KernelView } from '../protocol/container.ts';
import type { Container } from './container.ts';
import { isActive, requireActive } from './container-state.ts';
import type { Engine } from './engine.ts';
import { cgroupDir, type Paths } from './paths.ts';
import { statusFields } from './processes.ts';

const seccompModes = ['disabled', 'strict', 'filter'];

/** Limit files of cgroup-v2.rst and where the kernel counts what they limit. */
const limitFiles: readonly (readonly [limit: string, usage: (cgroup: CgroupState) => string])[] = [
  ['memory.max', ({ files }) => files['memory.current'] ?? ''],
  ['memory.high', ({ files }) => files['memory.current'] ?? ''],
  ['memory.low', ({ files }) => files['memory.current'] ?? ''],
  ['memory.swap.max', ({ files }) => files['memory.swap.current'] ?? ''],
  ['pids.max', ({ files }) => files['pids.current'] ?? ''],
  ['cpu.max', ({ keyed }) => countOf(keyed['cpu.stat']?.usage_usec, ' µs')],
  ['cpu.weight', () => ''],
  ['cpuset.cpus', ({ files }) => files['cpuset.cpus.effective'] ?? ''],
  ['cpuset.mems', ({ files }) => files['cpuset.mems.effective'] ?? ''],
  ['io.max', () => ''],
  ['io.weight', () => ''],
];

/** @throws EngineError `no-such-container`, `wrong-state` */
export async function kernelView(engine: Engine, id: string): Promise<KernelView> {
  const { effects, paths } = engine;
  const { record } = engine.containers.get(id);
  const { pid } = requireActive(record.name, record.state);
  const path = cgroupDir(paths, record);
  const [status, idMaps, cgroup, programs, mounts, interfaces, shared] = await Promise.all([
    effects.read('status', { pid }),
    effects.read('idMaps', { pid }),
    effects.read('cgroup', { path }),
    effects.read('devicePrograms', { path }),
    effects.read('mounts', { pid }),
    effects.read('interfaces', { pid }),
    namespaces(engine, pid, record.id),
  ]);
  const { effective, permitted, bounding, inheritable, ambient } = status.capabilities;
  return {
    id: record.id,
    name: record.name,
    pidInGuest: pid,
    pidInContainer: status.nsPids.at(-1) ?? pid,
    namespaces: shared,
    uidMap: idMaps.uid.map(extent),
    gidMap: idMaps.gid.map(extent),
    cgroup: { path, limits: [...limitsOf(cgroup), devicesOf(record.spec, programs)] },
    mounts: mounts.map(({ target, type, source, options, superOptions }) => ({
      ...{ target, type, source },
      options: `${options} - ${superOptions}`,
    })),
    capabilities: {
      effective: capabilitiesOf(effective),
      permitted: capabilitiesOf(permitted),
      bounding: capabilitiesOf(bounding),
      inheritable: capabilitiesOf(inheritable),
      ambient: capabilitiesOf(ambient),
    },
    seccomp: { mode: seccompModes[status.seccomp] ?? String(status.seccomp), filters: seccompFilters(paths, pid) },
    noNewPrivileges: status.noNewPrivileges,
    interfaces: interfaces.map(({ name, index, mac, addresses, up }) => ({
      name,
      index,
      mac,
      up,
      addresses: [...addresses],
    })),
  };
}

async function namespaces(engine: Engine, pid: number, id: string): Promise<KernelView['namespaces']> {
  const { effects, containers } = engine;
  const others = containers.all().filter((other) => other.id !== id && isActive(other.record.state));
  const [own, guest, ...rest] = await Promise.all([
    effects.read('namespaces', { pid }),
    effects.read('namespaces', { pid: process.pid }),
    ...others.map((other) => inodesOf(engine, other)),
  ]);
  return Object.entries(own).map(([type, inode]) => {
    const sharedWith = others.flatMap((other, index) => (rest[index]?.[type] === inode ? [other.id] : []));
    return { type, inode: Number(inode), sharedWith: guest[type] === inode ? ['guest', ...sharedWith] : sharedWith };
  });
}

/** Nothing of one that ends meanwhile. */
function inodesOf({ effects }: Engine, { record }: Container): Promise<NamespaceInodes> {
  if (!isActive(record.state)) return Promise.resolve({});
  return effects.read('namespaces', { pid: record.state.pid }).catch(() => ({}));
}

type Limit = KernelView['cgroup']['limits'][number];

function limitsOf(cgroup: CgroupState): Limit[] {
  return limitFiles.flatMap(([name, usage]) => {
    const limit = cgroup.files[name];
    return limit === undefined ? [] : [{ name, limit, usage: usage(cgroup) }];
  });
}

/** Programs that the kernel asks before a device is opened; without any the rules would be mere words. */
function devicesOf({ devices, deviceCgroupRules = [] }: ContainerSpec, programs: number): Limit {
  const given = devices.map(({ pathInContainer, permissions }) => `${pathInContainer} ${permissions}`);
  const limit = programs === 0 ? 'any' : ['the usual', ...given, ...deviceCgroupRules].join(', ');
  return { name: 'devices', limit, usage: `BPF programs: ${programs}` };
}

function extent({ inside, outside, count }: IdExtent): [number, number, number] {
  return [inside, outside, count];
}

function countOf(value: number | undefined, unit: string): string {
  return value === undefined ? '' : `${value}${unit}`;
}

function seccompFilters(paths: Paths, pid: number): number {
  return Number(statusFields(readFileSync(`${paths.proc}/${pid}/status`, 'utf8')).get('Seccomp_filters') ?? 0);
}

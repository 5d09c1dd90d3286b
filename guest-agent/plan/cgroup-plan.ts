/** cgroup v2: limits as writes, for a new container and for a running one. */
import type { ContainerSpec, Resources } from '../protocol/container-spec.ts';
import { cpuPlan } from './cgroup/cpu.ts';
import { cpusetPlan } from './cgroup/cpuset.ts';
import { ioPlan } from './cgroup/io.ts';
import { memoryPlan } from './cgroup/memory.ts';
import { pidsPlan } from './cgroup/pids.ts';
import type { CgroupWrite, ControllerPlan } from './cgroup/write.ts';
import type { ContainerContext } from './context.ts';
import { compileDeviceRules, encodeInstructions } from './device-program.ts';
import { deviceRules, formatDeviceRule, type DeviceRule } from './device-rules.ts';
import type { Op } from './op.ts';
import { utf8 } from './utf8.ts';
import { hashOf } from './wire.ts';

export type CgroupContext = Pick<ContainerContext, 'cgroup' | 'facts' | 'deviceNumbers'>;

/** Controllers that a container's parent cgroup must have in its cgroup.subtree_control. */
export const controllers = ['cpu', 'cpuset', 'io', 'memory', 'pids'] as const;

function limits(resources: Resources, { facts, deviceNumbers }: CgroupContext): ControllerPlan {
  const plans = [
    memoryPlan(resources, facts),
    cpuPlan(resources, facts),
    cpusetPlan(resources, facts),
    pidsPlan(resources),
    ioPlan(resources, { ioWeight: facts.ioWeight, deviceNumbers }),
  ];
  return {
    writes: plans.flatMap(({ writes }) => writes),
    warnings: plans.flatMap(({ warnings }) => warnings),
  };
}

function toOps(cgroup: string, writes: readonly CgroupWrite[]): Op[] {
  return writes.map(({ file, value, why }) => ({ op: 'write', path: `${cgroup}/${file}`, data: utf8(value), why }));
}

/** Makes the container's cgroup, with its parents, and writes its limits and its device rules. */
export function planCgroup(
  spec: Pick<ContainerSpec, 'resources' | 'security' | 'deviceCgroupRules'>,
  context: CgroupContext & DeviceContext & Pick<ContainerContext, 'cgroupParents'>,
): { ops: Op[]; warnings: string[] } {
  const { writes, warnings } = limits(spec.resources, context);
  const make: Op = {
    op: 'mkdir',
    path: context.cgroup,
    mode: 0o755,
    why: 'the container’s cgroup: limits and accounting',
  };
  const parents = context.cgroupParents.flatMap(planCgroupParent);
  return { ops: [...parents, make, ...toOps(context.cgroup, writes), ...planDevices(spec, context)], warnings };
}

type DeviceContext = Pick<ContainerContext, 'cgroup' | 'devices' | 'keptDevices'>;

/**
 * Holds for every process of the cgroup, whoever starts it, until the cgroup is gone. What most containers have is kept
 * from one to the next, by a name of its own for each program.
 */
function planDevices(
  spec: Pick<ContainerSpec, 'security' | 'deviceCgroupRules'>,
  { cgroup, devices, keptDevices }: DeviceContext,
): Op[] {
  const rules = deviceRules(spec, devices);
  if (rules === undefined) return [];
  const isUsual = devices.length === 0 && (spec.deviceCgroupRules ?? []).length === 0;
  const { program, hash, why } = isUsual ? (usualDevices ??= deviceProgram(rules)) : deviceProgram(rules);
  return [{ op: 'deviceProgram', cgroup, program, kept: isUsual ? `${keptDevices}${hash}` : '', why }];
}

/** What most containers have, made once. */
let usualDevices: ReturnType<typeof deviceProgram> | undefined;

function deviceProgram(rules: readonly DeviceRule[]): { program: Uint8Array; hash: string; why: string } {
  const program = encodeInstructions(compileDeviceRules(rules));
  const hash = hashOf(program.join(' ')).toString(16);
  return { program, hash, why: `devices: ${rules.map(formatDeviceRule).join(', ')}` };
}

/** Makes a parent of containers' cgroups and lets limits be set in it. */
export function planCgroupParent(path: string): Op[] {
  const enable = controllers.map((name) => `+${name}`).join(' ');
  return [
    { op: 'mkdir', path, mode: 0o755, why: 'parent of the containers’ cgroups' },
    { op: 'write', path: `${path}/cgroup.subtree_control`, data: utf8(enable), why: 'limits for each container' },
  ];
}

/**
 * The writes that take a running container from its resources to changed ones. Members absent in `changes`, and zeros,
 * stay as they are; only of processes does zero say something, that there is no limit. The checks are those of a new container, made on the result, which is returned to be stored.
 */
export function planUpdate(
  current: Resources,
  changes: Resources,
  context: CgroupContext,
): { ops: Op[]; resources: Resources; warnings: string[] } {
  const given = (Object.entries(changes) as [string, unknown][]).filter(
    ([name, value]) => value !== undefined && (value !== 0 || name === 'pidsLimit'),
  );
  const resources: Resources = { ...current, ...Object.fromEntries(given) };
  const before = limits(current, context).writes;
  const { writes, warnings } = limits(resources, context);
  const isNew = (write: CgroupWrite) => !before.some(({ file, value }) => file === write.file && value === write.value);
  return { ops: toOps(context.cgroup, writes.filter(isNew)), resources, warnings };
}

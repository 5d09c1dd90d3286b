/** /proc, /sys, /sys/fs/cgroup, /dev/mqueue and /dev/shm. */
import type { ContainerSpec } from '../protocol/container-spec.ts';
import type { ContainerContext } from './context.ts';
import { createMountPoint, mountAttr, mountFlag } from './flags.ts';
import type { EffectiveNamespaces } from './namespaces-plan.ts';
import type { Op } from './op.ts';
import type { Slots } from './slots.ts';

export interface KernelMounts {
  /** By the monitor: binds of what is shared with the guest or other containers. */
  outside: Op[];
  /** Before pivotRoot: the kernel lets a user namespace mount these only while the guest's are in sight. */
  early: Op[];
  /** After pivotRoot and /dev. */
  late: Op[];
}

const { MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_RDONLY } = mountAttr;
const strict = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
const strictFlags = mountFlag.MS_NOSUID | mountFlag.MS_NODEV | mountFlag.MS_NOEXEC;

export function planKernelMounts(
  spec: ContainerSpec,
  context: ContainerContext,
  namespaces: EffectiveNamespaces,
  slots: Slots,
): KernelMounts {
  const readOnly = spec.security.privileged ? 0n : MOUNT_ATTR_RDONLY;
  const plan: KernelMounts = { outside: [], early: [], late: [] };
  const place = (slot: number, target: string, why: string, create: number = createMountPoint.directory): void => {
    plan.late.push({ op: 'placeMount', slot, target, create, why });
  };
  const create = (type: string, target: string, attr: bigint, why: string): void => {
    const slot = slots.take();
    plan.early.push({ op: 'createMount', slot, type, source: type, attr, data: '', why });
    place(slot, target, why, target === '/sys/fs/cgroup' ? createMountPoint.none : createMountPoint.directory);
  };
  const bind = (source: string, target: string, attr: bigint, why: string): void => {
    const slot = slots.take();
    plan.outside.push({ op: 'openTree', slot, source, recursive: 0, idmap: 0, attr, under: 0, why });
    place(slot, target, why, createMountPoint.none);
  };
  create('proc', '/proc', strict, 'processes of the container’s pid namespace');
  create('sysfs', '/sys', strict | readOnly, 'devices and network interfaces as the container may see them');
  if (namespaces.cgroup === 'new')
    create('cgroup2', '/sys/fs/cgroup', strict | readOnly, 'its own limits and accounting');
  else bind('/sys/fs/cgroup', '/sys/fs/cgroup', strict | readOnly, '--cgroupns host: all cgroups of the guest');
  if (namespaces.ipc === 'guest') bind('/dev/mqueue', '/dev/mqueue', strict, '--ipc host: the guest’s message queues');
  else plan.late.push(queueMount());
  const shared = namespaces.ipc === 'guest' ? '/dev/shm' : context.sharedShm;
  if (hasOwnMount(spec, '/dev/shm') || spec.namespaces.ipc === 'none') return plan;
  if (shared !== undefined) bind(shared, '/dev/shm', strict, 'shared memory of all in this IPC namespace');
  else plan.late.push(shmMount(spec.shmBytes));
  return plan;
}

function hasOwnMount(spec: ContainerSpec, target: string): boolean {
  return spec.mounts.some((mount) => mount.target === target || mount.target === `${target}/`);
}

function queueMount(): Op {
  return {
    op: 'mount',
    source: 'mqueue',
    target: '/dev/mqueue',
    type: 'mqueue',
    flags: strictFlags,
    data: '',
    why: 'POSIX message queues of its own',
  };
}

/** Docker's default of 64 MiB. */
const defaultShmBytes = 67_108_864;

function shmMount(bytes: number): Op {
  return {
    op: 'mount',
    source: 'shm',
    target: '/dev/shm',
    type: 'tmpfs',
    flags: strictFlags,
    data: `mode=1777,size=${bytes === 0 ? defaultShmBytes : bytes}`,
    why: 'POSIX shared memory of its own',
  };
}

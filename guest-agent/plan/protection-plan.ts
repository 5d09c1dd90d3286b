/** Parts of /proc and /sys that are hidden or read-only: Docker's default lists (moby oci/defaults). */
import type { ContainerSpec } from '../protocol/container-spec.ts';
import type { Op } from './op.ts';

export const maskedPaths = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];

export const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** None with `--privileged` or `--security-opt systempaths=unconfined`. */
export function protectionOps({ security }: ContainerSpec): Op[] {
  if (security.privileged || security.systemPathsUnconfined) return [];
  return [
    ...maskedPaths.map((path): Op => ({ op: 'maskPath', path, why: 'tells about the guest' })),
    ...readonlyPaths.map((path): Op => ({ op: 'readonlyPath', path, why: 'would change the guest' })),
  ];
}

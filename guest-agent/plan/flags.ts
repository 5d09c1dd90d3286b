/** Kernel flag bits by name. Sources: linux/sched.h, linux/mount.h of the kernel's user-space headers. */

/** CLONE_NEW* bits for clone3(2), unshare(2). */
export const cloneFlag = {
  CLONE_NEWNS: 0x0002_0000n,
  CLONE_NEWCGROUP: 0x0200_0000n,
  CLONE_NEWUTS: 0x0400_0000n,
  CLONE_NEWIPC: 0x0800_0000n,
  CLONE_NEWUSER: 0x1000_0000n,
  CLONE_NEWPID: 0x2000_0000n,
  CLONE_NEWNET: 0x4000_0000n,
} as const;

/** MS_* bits of mount(2). */
export const mountFlag = {
  MS_RDONLY: 0x1n,
  MS_NOSUID: 0x2n,
  MS_NODEV: 0x4n,
  MS_NOEXEC: 0x8n,
  MS_REMOUNT: 0x20n,
  MS_NOATIME: 0x400n,
  MS_BIND: 0x1000n,
  MS_REC: 0x4000n,
  MS_PRIVATE: 0x4_0000n,
  MS_SLAVE: 0x8_0000n,
  MS_SHARED: 0x10_0000n,
  MS_RELATIME: 0x20_0000n,
  MS_STRICTATIME: 0x100_0000n,
} as const;

/** MOUNT_ATTR_* bits of mount_setattr(2). */
export const mountAttr = {
  MOUNT_ATTR_RDONLY: 0x1n,
  MOUNT_ATTR_NOSUID: 0x2n,
  MOUNT_ATTR_NODEV: 0x4n,
  MOUNT_ATTR_NOEXEC: 0x8n,
} as const;

/** `placeMount.create`: what is made as the mount point when it is missing. */
export const createMountPoint = { none: 0, directory: 1, file: 2, sameAsSource: 3 } as const;

/** `A|B` for the bits of `value` that `names` has, the rest as hexadecimal, `0` for none. */
export function flagNames(value: bigint, names: Readonly<Record<string, bigint>>): string {
  const found: string[] = [];
  let rest = value;
  for (const [name, bit] of Object.entries(names)) {
    if ((value & bit) !== bit) continue;
    found.push(name);
    rest &= ~bit;
  }
  if (rest !== 0n) found.push(`0x${rest.toString(16)}`);
  return found.length === 0 ? '0' : found.join('|');
}

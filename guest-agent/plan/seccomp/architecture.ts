/** The architectures a filter can meet, with their audit numbers (linux/audit.h) and system call numbers. */
import { aarch64 } from './syscalls-aarch64.gen.ts';
import { arm } from './syscalls-arm.gen.ts';
import { i386 } from './syscalls-i386.gen.ts';
import { x32 } from './syscalls-x32.gen.ts';
import { x86_64 } from './syscalls-x86_64.gen.ts';

/** OCI architecture of the guest's kernel. */
export type NativeArchitecture = 'amd64' | 'arm64';

/** What the kernel reports in seccomp_data.arch; x32 shares it with x86-64 and is told by a bit of the number. */
export interface Architecture {
  /** libseccomp's name. */
  name: string;
  audit: number;
  numbers: Readonly<Record<string, number>>;
}

const architectures: readonly Architecture[] = [
  { name: 'SCMP_ARCH_X86_64', audit: 0xc000_003e, numbers: x86_64 },
  { name: 'SCMP_ARCH_X86', audit: 0x4000_0003, numbers: i386 },
  { name: 'SCMP_ARCH_X32', audit: 0xc000_003e, numbers: x32 },
  { name: 'SCMP_ARCH_AARCH64', audit: 0xc000_00b7, numbers: aarch64 },
  { name: 'SCMP_ARCH_ARM', audit: 0x4000_0028, numbers: arm },
];

const known: Readonly<Record<NativeArchitecture, readonly string[]>> = {
  amd64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  arm64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
};

/** libseccomp's name of a guest's own architecture. */
export function nativeName(native: NativeArchitecture): string {
  return native === 'amd64' ? 'SCMP_ARCH_X86_64' : 'SCMP_ARCH_AARCH64';
}

/** Those of `names` that processes of this guest can run as; others can never be met and are left out. */
export function reachable(native: NativeArchitecture, names: readonly string[]): Architecture[] {
  return architectures.filter(({ name }) => known[native].includes(name) && names.includes(name));
}

export const x32Bit = 0x4000_0000;

/** True when some architecture has a system call of this name. */
export function isKnownSyscall(name: string): boolean {
  return architectures.some(({ numbers }) => numbers[name] !== undefined);
}

/** Capabilities: capabilities(7), linux/capability.h. */
import { EngineError } from '../protocol/errors.ts';
import type { Security } from '../protocol/container-spec.ts';

/** By number. */
export const capabilityNames = [
  ...['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP'],
  ...['LINUX_IMMUTABLE', 'NET_BIND_SERVICE', 'NET_BROADCAST', 'NET_ADMIN', 'NET_RAW', 'IPC_LOCK', 'IPC_OWNER'],
  ...['SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT', 'SYS_PTRACE', 'SYS_PACCT', 'SYS_ADMIN', 'SYS_BOOT', 'SYS_NICE'],
  ...['SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD', 'LEASE', 'AUDIT_WRITE', 'AUDIT_CONTROL', 'SETFCAP'],
  ...['MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG', 'WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ', 'PERFMON', 'BPF'],
  'CHECKPOINT_RESTORE',
] as const;
export type CapabilityName = (typeof capabilityNames)[number];

/** Docker's default set (moby oci/caps). */
export const defaultCapabilities: readonly CapabilityName[] = [
  ...(['CHOWN', 'DAC_OVERRIDE', 'FSETID', 'FOWNER', 'MKNOD', 'NET_RAW', 'SETGID', 'SETUID', 'SETFCAP'] as const),
  ...(['SETPCAP', 'NET_BIND_SERVICE', 'SYS_CHROOT', 'KILL', 'AUDIT_WRITE'] as const),
];

export function capabilityMask(names: readonly CapabilityName[]): bigint {
  return names.reduce((mask, name) => mask | (1n << BigInt(capabilityNames.indexOf(name))), 0n);
}

/** Names of a mask's bits; bits beyond the known ones as their numbers. */
export function capabilitiesOf(mask: bigint): string[] {
  const names: string[] = [];
  for (let number = 0; mask >> BigInt(number) !== 0n; number++)
    if ((mask >> BigInt(number)) & 1n) names.push(capabilityNames[number] ?? String(number));
  return names;
}

function parse(name: string): CapabilityName | 'ALL' {
  const plain = name.toUpperCase().replace(/^CAP_/, '');
  const known = plain === 'ALL' ? 'ALL' : capabilityNames.find((candidate) => candidate === plain);
  if (known === undefined)
    throw new EngineError('invalid-argument', `unknown capability "${name}"`, {
      hint: 'Names are those of capabilities(7) with or without CAP_, such as NET_ADMIN, or ALL.',
    });
  return known;
}

/** The set that a container may ever have: defaults changed by add and drop as Docker does; everything when privileged. */
export function boundingSet(security: Pick<Security, 'privileged' | 'capAdd' | 'capDrop'>): CapabilityName[] {
  const add = security.capAdd.map(parse);
  const drop = security.capDrop.map(parse);
  if (security.privileged) return [...capabilityNames];
  if (add.includes('ALL')) return capabilityNames.filter((name) => !drop.includes(name));
  if (drop.includes('ALL')) return capabilityNames.filter((name) => add.includes(name));
  return capabilityNames.filter(
    (name) => add.includes(name) || (defaultCapabilities.includes(name) && !drop.includes(name)),
  );
}

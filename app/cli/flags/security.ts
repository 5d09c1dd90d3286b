import type { Security } from '../../../guest-agent/protocol/container-spec.ts';
import { badFlag } from '../command/usage-error.ts';

export type SecurityOptions = Pick<Security, 'noNewPrivileges' | 'seccomp' | 'systemPathsUnconfined'>;

const hint = 'Known: seccomp=FILE|unconfined, no-new-privileges, systempaths=unconfined.';

/**
 * All `--security-opt` values. `key:value` is read as `key=value`, as Docker still does. `apparmor` and `label` with the
 * value that means "none" are accepted: the guest has neither.
 * @param readProfile reads a seccomp profile's file, throwing an EngineError that names it.
 */
export function parseSecurityOptions(
  values: readonly string[],
  readProfile: (path: string) => unknown,
  flag = '--security-opt',
): SecurityOptions {
  let result: SecurityOptions = { noNewPrivileges: false, seccomp: { kind: 'default' }, systemPathsUnconfined: false };
  for (const text of values) {
    const split = /^([a-z-]+)(?:[=:](.*))?$/s.exec(text);
    result = { ...result, ...readOne(split?.[1] ?? '', split?.[2], { text, flag, readProfile }) };
  }
  return result;
}

interface Reading {
  readonly text: string;
  readonly flag: string;
  readonly readProfile: (path: string) => unknown;
}

function readOne(
  key: string,
  value: string | undefined,
  { text, flag, readProfile }: Reading,
): Partial<SecurityOptions> {
  const known = fixed[value === undefined ? key : `${key}=${value}`];
  if (known !== undefined) return known;
  if (key === 'seccomp' && value !== undefined && value !== '')
    return { seccomp: { kind: 'profile', profile: readProfile(value) } };
  throw badFlag(flag, text, 'it is not an option here', hint);
}

const fixed: Readonly<Record<string, Partial<SecurityOptions>>> = {
  'no-new-privileges': { noNewPrivileges: true },
  'no-new-privileges=true': { noNewPrivileges: true },
  'no-new-privileges=false': { noNewPrivileges: false },
  'systempaths=unconfined': { systemPathsUnconfined: true },
  'seccomp=unconfined': { seccomp: { kind: 'unconfined' } },
  'seccomp=builtin': { seccomp: { kind: 'default' } },
  'apparmor=unconfined': {},
  'label=disable': {},
};

/** Names without `CAP_`, upper case (capabilities(7)); `ALL` stays. Values may hold several, comma-separated. */
export function parseCapabilities(values: readonly string[], flag: string): string[] {
  const names = values
    .flatMap((value) => value.split(','))
    .map((name) => name.trim().toUpperCase().replace(/^CAP_/, ''));
  for (const name of names) {
    if (name === 'ALL' || capabilityNames.includes(name)) continue;
    throw badFlag(flag, name, 'there is no such capability', 'See capabilities(7); for example NET_ADMIN, or ALL.');
  }
  return [...new Set(names)];
}

/** By number, 0 to 40 (linux/capability.h). */
export const capabilityNames: readonly string[] = (
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE ' +
  'NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN ' +
  'SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE ' +
  'MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
).split(' ');

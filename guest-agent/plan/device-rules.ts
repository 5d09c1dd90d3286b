/**
 * Which devices the processes of a container may use, as Docker and runc decide it: a list of what is allowed, all else is
 * refused, whatever node there is and whoever made it.
 */
import { deviceRulePattern, type ContainerSpec } from '../protocol/container-spec.ts';
import { EngineError } from '../protocol/errors.ts';
import type { DeviceNode } from './context.ts';

export interface DeviceRule {
  kind: 'any' | DeviceNode['kind'];
  /** Absent: any. */
  major?: number;
  minor?: number;
  /** Of r (read), w (write) and m (mknod). */
  access: string;
}

const kinds = { a: 'any', b: 'block', c: 'char' } as const;
const letters = { any: 'a', block: 'b', char: 'c' } as const;

/** Docker's and runc's: any node may be made, and these be used. */
const usualRules: readonly string[] = [
  ...['b *:* m', 'c *:* m'],
  // null, full, zero, random, urandom
  ...['c 1:3 rwm', 'c 1:7 rwm', 'c 1:5 rwm', 'c 1:8 rwm', 'c 1:9 rwm'],
  // tty, console, ptmx, and the terminals of devpts
  ...['c 5:0 rwm', 'c 5:1 rwm', 'c 5:2 rwm', 'c 136:* rwm'],
  // net/tun
  'c 10:200 rwm',
];

/** Numbers of a device are 32 bits together (dev_t of the kernel); more than that is nobody's. */
const maxNumber = 2 ** 32 - 1;

/** `c 1:3 rwm`, `b 8:* r`, `a *:* rwm`: the form of Docker's `--device-cgroup-rule`. @throws EngineError `invalid-argument` */
export function parseDeviceRule(text: string): DeviceRule {
  const [, kind = '', major = '', minor = '', access = ''] = deviceRulePattern.exec(text) ?? [];
  const letter = kind as keyof typeof kinds;
  if (kind === '' || [major, minor].some((number) => number !== '*' && Number(number) > maxNumber))
    throw new EngineError('invalid-argument', `invalid device cgroup rule format: '${text}'`, {
      hint: 'Write a, b or c, numbers or *, and what is allowed: c 189:* rwm.',
    });
  return {
    kind: kinds[letter],
    ...(major !== '*' && { major: Number(major) }),
    ...(minor !== '*' && { minor: Number(minor) }),
    access,
  };
}

export function formatDeviceRule({ kind, major, minor, access }: DeviceRule): string {
  return `${letters[kind]} ${major ?? '*'}:${minor ?? '*'} ${access}`;
}

/** Undefined with `privileged`: everything is allowed. @throws EngineError `invalid-argument` */
export function deviceRules(
  { security, deviceCgroupRules = [] }: Pick<ContainerSpec, 'security' | 'deviceCgroupRules'>,
  devices: readonly DeviceNode[],
): DeviceRule[] | undefined {
  if (security.privileged) return undefined;
  const given = devices.map(({ kind, major, minor, access }) => ({ kind, major, minor, access }));
  return [...usualRules.map(parseDeviceRule), ...given, ...deviceCgroupRules.map(parseDeviceRule)];
}

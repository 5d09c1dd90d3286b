import { deviceRulePattern, type Device, type Throttle } from '../../../guest-agent/protocol/container-spec.ts';
import type * as v from 'valibot';
import { badFlag } from '../command/usage-error.ts';
import { parseBytes } from './bytes.ts';
import { parseInteger } from './numbers.ts';

type DeviceValue = v.InferOutput<typeof Device>;
type ThrottleValue = v.InferOutput<typeof Throttle>;

/** `--device /dev/fuse[:/dev/inside[:rwm]]`; a device of the guest, which is where containers run. */
export function parseDevice(text: string, flag = '--device'): DeviceValue {
  const parts = text.split(':');
  const [pathInGuest = '', second, third] = parts;
  const secondIsMode = parts.length === 2 && second !== undefined && isMode(second);
  const permissions = (secondIsMode ? second : third) ?? 'rwm';
  const pathInContainer = (secondIsMode ? undefined : second) ?? pathInGuest;
  const bad = parts.length > 3 || ![pathInGuest, pathInContainer].every(isDevicePath) || !isMode(permissions);
  if (bad) throw badFlag(flag, text, 'it cannot be read', 'Write /dev/NAME[:/dev/INSIDE[:rwm]].');
  return { pathInGuest, pathInContainer, permissions };
}

/** `c 189:* rwm`: kind, numbers, what is allowed. */
export function parseDeviceRule(text: string, flag = '--device-cgroup-rule'): string {
  if (deviceRulePattern.test(text)) return text;
  throw badFlag(flag, text, 'it cannot be read', 'Write a, b or c, MAJOR:MINOR with * for any, and some of rwm.');
}

/** `/dev/vda:1mb` for bytes a second. */
export function parseThrottleBytes(text: string, flag: string): ThrottleValue {
  const { device, rate } = splitThrottle(text, flag);
  return { device, rate: parseBytes(rate, flag) };
}

/** `/dev/vda:1000` for operations a second. */
export function parseThrottleOperations(text: string, flag: string): ThrottleValue {
  const { device, rate } = splitThrottle(text, flag);
  return { device, rate: parseInteger(rate, flag, { from: 0 }) };
}

function splitThrottle(text: string, flag: string): { device: string; rate: string } {
  const match = /^(\/dev\/[^:]+):(.+)$/.exec(text);
  if (match?.[1] !== undefined && match[2] !== undefined) return { device: match[1], rate: match[2] };
  throw badFlag(flag, text, 'it cannot be read', 'Write /dev/NAME:RATE, such as /dev/vdb:1mb.');
}

function isMode(text: string): boolean {
  return /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length;
}

function isDevicePath(path: string): boolean {
  return path.startsWith('/') && !path.split('/').includes('..');
}

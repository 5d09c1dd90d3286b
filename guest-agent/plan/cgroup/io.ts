/** io.max and io.weight. */
import type { Resources } from '../../protocol/container-spec.ts';
import { invalid, type CgroupWrite, type ControllerPlan } from './write.ts';

export interface IoFacts {
  /** The kernel has io.weight. */
  ioWeight: boolean;
  /** Block devices that throttles name, by path. */
  deviceNumbers: Readonly<Record<string, { major: number; minor: number }>>;
}

const throttles = [
  ['deviceReadBps', 'rbps', '--device-read-bps'],
  ['deviceWriteBps', 'wbps', '--device-write-bps'],
  ['deviceReadIops', 'riops', '--device-read-iops'],
  ['deviceWriteIops', 'wiops', '--device-write-iops'],
] as const;

/** A rate of 0 lifts the limit. */
export function ioPlan(resources: Resources, facts: IoFacts): ControllerPlan {
  const writes: CgroupWrite[] = [];
  const warnings: string[] = [];
  const { blkioWeight = 0 } = resources;
  if (blkioWeight !== 0) {
    const value = `default ${blkioToIoWeight(blkioWeight)}`;
    if (facts.ioWeight) writes.push({ file: 'io.weight', value, why: `--blkio-weight ${blkioWeight}` });
    else warnings.push('--blkio-weight has no effect: the guest kernel has no io.weight');
  }
  for (const [key, word, flag] of throttles)
    for (const { device, rate } of resources[key] ?? []) {
      const number = facts.deviceNumbers[device];
      if (!number)
        throw invalid(
          `${flag} ${device}: no such block device in the machine`,
          'Devices are the guest’s, such as /dev/vdb.',
        );
      const limit = rate === 0 ? 'max' : String(rate);
      writes.push({
        file: 'io.max',
        value: `${number.major}:${number.minor} ${word}=${limit}`,
        why: `${flag} ${device}`,
      });
    }
  return { writes, warnings };
}

/** 10…1000 to 1…10000 as runc does. */
export function blkioToIoWeight(weight: number): number {
  if (!Number.isInteger(weight) || weight < 10 || weight > 1000)
    throw invalid(`--blkio-weight ${weight}: the range is 10 to 1000`, 'Give 10 to 1000, or 0 for the default.');
  return 1 + Math.floor(((weight - 10) * 9999) / 990);
}

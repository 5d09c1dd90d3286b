/** cpu.max and cpu.weight. */
import type { Resources } from '../../protocol/container-spec.ts';
import { invalid, tooLow, type CgroupWrite, type ControllerPlan } from './write.ts';

export interface CpuFacts {
  cpus: number;
}

/** Microseconds of one period, Docker's and the kernel's default. */
const usualPeriod = 100_000;
/** The kernel's bounds of a period, in microseconds, and its shortest quota. */
const [shortest, longest] = [1000, 1_000_000];
/** A hundredth of a CPU: the kernel's shortest quota is 1 ms. */
const minimumNanoCpus = 10_000_000;

export function cpuPlan(resources: Resources, facts: CpuFacts): ControllerPlan {
  const { cpuShares = 0 } = resources;
  const writes = bandwidth(resources, facts);
  if (cpuShares !== 0)
    writes.push({ file: 'cpu.weight', value: String(sharesToWeight(cpuShares)), why: `--cpu-shares ${cpuShares}` });
  return { writes, warnings: [] };
}

function bandwidth(
  { nanoCpus = 0, cpuQuotaMicros = 0, cpuPeriodMicros = 0 }: Resources,
  facts: CpuFacts,
): CgroupWrite[] {
  if (nanoCpus === 0) return quotaWrites(cpuQuotaMicros, cpuPeriodMicros);
  for (const [value, what] of [[cpuPeriodMicros, 'Period'] as const, [cpuQuotaMicros, 'Quota'] as const])
    if (value !== 0)
      throw invalid(
        `Conflicting options: Nano CPUs and CPU ${what} cannot both be set.`,
        'Give --cpus, or the others.',
      );
  checkCpus(nanoCpus, facts.cpus);
  const quota = Math.round((nanoCpus * usualPeriod) / 1e9);
  return [{ file: 'cpu.max', value: `${quota} ${usualPeriod}`, why: '--cpus: quota and period, microseconds' }];
}

/** More than there are CPUs is no mistake here, as with Docker: the machine may get more. */
function quotaWrites(quota: number, period: number): CgroupWrite[] {
  if (quota === 0 && period === 0) return [];
  if (quota > 0 && quota < shortest)
    throw tooLow(`--cpu-quota ${quota}: CPU cfs quota cannot be less than 1ms (i.e. ${shortest})`, 'Give more.');
  if (period !== 0 && (period < shortest || period > longest))
    throw invalid(
      `--cpu-period ${period}: CPU cfs period cannot be less than 1ms (i.e. ${shortest}) or larger than 1s (i.e. ${longest})`,
      `Give ${shortest} to ${longest}.`,
    );
  const value = `${quota > 0 ? quota : 'max'} ${period || usualPeriod}`;
  return [{ file: 'cpu.max', value, why: '--cpu-quota and --cpu-period, microseconds' }];
}

function checkCpus(nanoCpus: number, cpus: number): void {
  const message = `--cpus ${nanoCpus / 1e9}: the range is from 0.01 to ${cpus}.00, as the machine has ${cpus} CPUs`;
  if (nanoCpus < minimumNanoCpus) throw tooLow(message, 'Give at least 0.01.');
  if (nanoCpus > cpus * 1e9) throw invalid(message, 'Give less, or a machine with more CPUs.');
}

/**
 * Docker's 2…262144 to cgroup v2's 1…10000 by the curve of opencontainers/cgroups (ConvertCPUSharesToCgroupV2Value),
 * which meets both ends and takes the default 1024 to the default 100.
 */
export function sharesToWeight(shares: number): number {
  if (shares < 0 || !Number.isInteger(shares))
    throw invalid(`--cpu-shares ${shares} is not a whole number above 0`, 'Give 2 to 262144; 1024 is the usual share.');
  if (shares <= 2) return 1;
  if (shares >= 262_144) return 10_000;
  const log = Math.log2(shares);
  const exponent = (log * log + 125 * log) / 612 - 7 / 34;
  // Rounded before it is rounded up, so that 10² stays 100 whatever the last bit of the logarithm says.
  return Math.ceil(Number((10 ** exponent).toFixed(9)));
}

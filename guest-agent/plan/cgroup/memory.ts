/** memory.max, memory.low, memory.swap.max. */
import type { Resources } from '../../protocol/container-spec.ts';
import { invalid, tooLow, type CgroupWrite, type ControllerPlan } from './write.ts';

export interface MemoryFacts {
  /** The kernel accounts swap. */
  swap: boolean;
}

const mebi = 1024 * 1024;
/** Docker's smallest limit. */
export const minimumMemoryBytes = 6 * mebi;

/**
 * Docker's meanings: swap is given together with memory, and is as much again when only memory is. `limit-too-low` below
 * 6 MiB, `invalid-argument` when limits contradict each other.
 */
export function memoryPlan(resources: Resources, facts: MemoryFacts): ControllerPlan {
  const { memoryBytes = 0, memorySwapBytes = 0, memoryReservationBytes = 0 } = resources;
  check(memoryBytes, memorySwapBytes, memoryReservationBytes);
  const writes: CgroupWrite[] = [];
  const warnings: string[] = [];
  if (memoryBytes > 0) writes.push({ file: 'memory.max', value: String(memoryBytes), why: '--memory' });
  if (memoryReservationBytes > 0)
    writes.push({ file: 'memory.low', value: String(memoryReservationBytes), why: '--memory-reservation' });
  const swap = swapMax(memoryBytes, memorySwapBytes);
  if (swap !== undefined && facts.swap) writes.push({ file: 'memory.swap.max', ...swap });
  if (memorySwapBytes > 0 && !facts.swap)
    warnings.push('--memory-swap has no effect: the guest kernel does not account swap');
  if (resources.oomKillDisable) warnings.push('--oom-kill-disable has no effect: cgroup v2 has no such switch');
  return { writes, warnings };
}

function swapMax(memory: number, memorySwap: number): { value: string; why: string } | undefined {
  if (memorySwap < 0) return { value: 'max', why: '--memory-swap -1: as much swap as there is' };
  if (memorySwap > 0)
    return { value: String(memorySwap - memory), why: '--memory-swap less --memory (cgroup v2 counts swap alone)' };
  return memory > 0
    ? { value: String(memory), why: 'as much swap as --memory, unless --memory-swap is given' }
    : undefined;
}

function check(memory: number, memorySwap: number, reservation: number): void {
  const minimumHint = 'Give at least 6m.';
  if (memory > 0 && memory < minimumMemoryBytes)
    throw tooLow(`--memory ${memory} is below the minimum of 6 MiB`, minimumHint);
  if (reservation > 0 && reservation < minimumMemoryBytes)
    throw tooLow(`--memory-reservation ${reservation} is below the minimum of 6 MiB`, minimumHint);
  if (memorySwap > 0 && memory === 0)
    throw invalid('--memory-swap is given without --memory', 'Give --memory as well: swap is limited on top of it.');
  if (memorySwap > 0 && memorySwap < memory)
    throw tooLow(
      `--memory-swap ${memorySwap} is below --memory ${memory}`,
      'It counts memory and swap together: give at least as much as --memory, or -1.',
    );
  if (memory > 0 && reservation > memory)
    throw invalid(
      `--memory-reservation ${reservation} is above --memory ${memory}`,
      'A reservation is at most the limit.',
    );
  if (memorySwap < -1) throw invalid(`--memory-swap ${memorySwap}: negative`, 'Use -1 for unlimited swap.');
}

/** One condition on a 64-bit argument as BPF, which compares 32 bits at a time: high word first. */
import { and, branch, load, seccompData, type Instruction } from './bpf.ts';
import type { Condition } from './profile.ts';

const high = (value: number): number => Math.floor(value / 2 ** 32);
const low = (value: number): number => value % 2 ** 32;

/** Code that falls through when the condition holds, and else skips the `skip` instructions that follow it. */
export function conditionCode(condition: Condition, skip: number): Instruction[] {
  const { index, value } = condition;
  const loadHigh = load(seccompData.argumentHigh(index));
  const loadLow = load(seccompData.argumentLow(index));
  const equal = (k: number, fail: number) => branch('jumpEqual', k, 0, fail);
  switch (condition.op) {
    case 'SCMP_CMP_EQ':
      return [loadHigh, equal(high(value), skip + 2), loadLow, equal(low(value), skip)];
    case 'SCMP_CMP_NE':
      return [loadHigh, equal(high(value), 2), loadLow, branch('jumpEqual', low(value), skip, 0)];
    case 'SCMP_CMP_MASKED_EQ': {
      const wanted = condition.valueTwo ?? 0;
      return [
        ...[loadHigh, and(high(value)), equal(high(wanted), skip + 3)],
        ...[loadLow, and(low(value)), equal(low(wanted), skip)],
      ];
    }
    case 'SCMP_CMP_GT':
    case 'SCMP_CMP_GE':
      return [
        ...[loadHigh, branch('jumpGreater', high(value), 3, 0), equal(high(value), skip + 2)],
        ...[
          loadLow,
          branch(condition.op === 'SCMP_CMP_GT' ? 'jumpGreater' : 'jumpGreaterOrEqual', low(value), 0, skip),
        ],
      ];
    case 'SCMP_CMP_LT':
    case 'SCMP_CMP_LE':
      return [
        ...[loadHigh, branch('jumpGreater', high(value), skip + 3, 0), equal(high(value), 2)],
        ...[
          loadLow,
          branch(condition.op === 'SCMP_CMP_LT' ? 'jumpGreaterOrEqual' : 'jumpGreater', low(value), skip, 0),
        ],
      ];
  }
}

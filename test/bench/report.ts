/** Rows of a benchmark: medians, and the ratio to a floor measured in the same run on the same machine. */

export interface Row {
  readonly name: string;
  readonly unit: string;
  readonly median: number;
  /** What the row is divided by; absent for a plain quantity with a target. */
  readonly floor?: number;
  readonly ratio?: number;
  /** The most that is wanted, of the ratio or (without a floor) of the median. */
  readonly target?: number;
  /** Of rates instead: the least that is wanted. */
  readonly atLeast?: number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const high = sorted[middle];
  const low = sorted[middle - 1];
  if (high === undefined) throw new Error('no values measured');
  return sorted.length % 2 === 1 || low === undefined ? high : (low + high) / 2;
}

export function row(
  name: string,
  unit: string,
  values: readonly number[],
  against?: { floor?: number; target?: number; atLeast?: number },
): Row {
  const m = median(values);
  const floor = against?.floor;
  return {
    name,
    unit,
    median: round(m),
    floor: floor && round(floor),
    ratio: floor && round(m / floor),
    target: against?.target,
    atLeast: against?.atLeast,
  };
}

const round = (n: number): number => Math.round(n * 100) / 100;

export function line(r: Row): string {
  const ratio = r.ratio === undefined ? '' : `${r.ratio.toFixed(2)} × floor ${r.floor ?? ''}`;
  return `${r.name.padEnd(22)} ${String(r.median).padStart(9)} ${r.unit.padEnd(5)} ${ratio.padEnd(24)} ${verdict(r)}`.trimEnd();
}

function verdict({ ratio, median: value, target, atLeast }: Row): string {
  const judged = ratio ?? value;
  if (target !== undefined) return judged <= target ? `within ${target}` : `MISSED: target ${target}`;
  if (atLeast !== undefined) return judged >= atLeast ? `at least ${atLeast}` : `MISSED: target at least ${atLeast}`;
  return '';
}

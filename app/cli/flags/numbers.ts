import { badFlag } from '../command/usage-error.ts';

/** `--cpus 1.5` → 1,500,000,000 billionths. */
export function parseCpus(text: string, flag = '--cpus'): number {
  const nano = /^[0-9]*\.?[0-9]{1,9}$|^[0-9]+\.$/.test(text) ? Math.round(Number(text) * 1e9) : Number.NaN;
  if (Number.isSafeInteger(nano)) return nano;
  throw badFlag(
    flag,
    text,
    'it is not a number of CPUs',
    'Write a decimal number with at most 9 digits after the point, such as 1.5.',
  );
}

export interface Range {
  readonly from?: number;
  readonly to?: number;
}

export function parseInteger(text: string, flag: string, range: Range = {}): number {
  const value = /^[+-]?[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw badFlag(flag, text, 'it is not a whole number', 'Write digits only.');
  const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = range;
  if (value >= from && value <= to) return value;
  throw badFlag(flag, text, 'it is out of range', `Use ${rangeWords(range)}.`);
}

function rangeWords({ from, to }: Range): string {
  if (to === undefined) return `${from ?? ''} or more`;
  return from === undefined ? `${to} or less` : `${from} to ${to}`;
}

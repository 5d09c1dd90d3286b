import { badFlag } from '../command/usage-error.ts';

const powers: Readonly<Record<string, number>> = { b: 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/**
 * A size as Docker reads it (go-units RAMInBytes): a number, then b, k, m, g, t or p, also as `kb`, `KiB`; 1024-based.
 * @returns bytes
 */
export function parseBytes(text: string, flag: string): number {
  const match = /^([0-9]+(?:\.[0-9]+)?) ?(?:([bkmgtp])(?:i?b)?)?$/i.exec(text.trim());
  const unit = (match?.[2] ?? 'b').toLowerCase();
  const bytes = Math.floor(Number(match?.[1] ?? Number.NaN) * 1024 ** (powers[unit] ?? 0));
  if (Number.isSafeInteger(bytes)) return bytes;
  throw badFlag(flag, text, 'it is not a size', 'Write a number with an optional unit, such as 512m or 1.5g.');
}

/** As `parseBytes`, or -1 for no limit. */
export function parseBytesOrUnlimited(text: string, flag: string): number {
  return text === '-1' ? -1 : parseBytes(text, flag);
}

const decimalUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;
const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** 1000-based, as Docker shows image and writable sizes: `4.27MB`. */
export function decimalSize(bytes: number, digits = 3): string {
  return scaled(bytes, 1000, decimalUnits, digits);
}

/** 1024-based, as Docker shows memory: `512MiB`. */
export function binarySize(bytes: number): string {
  return scaled(bytes, 1024, binaryUnits, 4);
}

function scaled(bytes: number, base: number, units: readonly string[], digits: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= base && unit < units.length - 1) {
    value /= base;
    unit += 1;
  }
  return `${significant(value, digits)}${units[unit] ?? ''}`;
}

/** C's `%.Ng` for values below 10,000: N significant digits without trailing zeros. */
function significant(value: number, digits: number): string {
  return String(Number(value.toPrecision(digits)));
}

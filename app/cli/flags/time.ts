import { badFlag } from '../command/usage-error.ts';

const units: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/**
 * `--since`, `--until`: RFC 3339 (`2026-01-02`, `2026-01-02T15:04[:05[.9]][Z|+01:00]`, local time without a zone), Unix
 * seconds with a fraction, or a Go duration before now (`10m`, `1h30m`).
 * @returns nanoseconds since the epoch, decimal
 */
export function parseTime(text: string, nowMs: number, flag: string): string {
  const seconds = /^([0-9]+)(?:\.([0-9]{1,9}))?$/.exec(text);
  if (seconds?.[1] !== undefined) return `${BigInt(seconds[1] + (seconds[2] ?? '').padEnd(9, '0'))}`;
  const duration = parseDuration(text);
  if (duration !== undefined) return String(BigInt(nowMs) * 1_000_000n - duration);
  const date =
    /^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T([0-9]{2}(?::[0-9]{2}(?::[0-9]{2})?)?)(?:\.([0-9]{1,9}))?(Z|[+-][0-9]{2}:[0-9]{2})?)?Z?$/.exec(
      text,
    );
  if (date?.[1] !== undefined) {
    const ms = Date.parse(`${date[1]}T${fullTime(date[2])}${date[4] ?? (text.endsWith('Z') ? 'Z' : '')}`);
    if (!Number.isNaN(ms)) return String(BigInt(ms) * 1_000_000n + BigInt((date[3] ?? '').padEnd(9, '0')));
  }
  throw badFlag(flag, text, 'it is not a time', 'Write 10m, 1h30m, 2026-01-02T15:04:05Z, or Unix seconds.');
}

function fullTime(time: string | undefined): string {
  const [hours = '00', minutes = '00', seconds = '00'] = time?.split(':') ?? [];
  return `${hours}:${minutes}:${seconds}`;
}

/** Go's time.ParseDuration without a sign, in nanoseconds; undefined when it is none. */
export function parseDuration(text: string): bigint | undefined {
  if (!/^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  let sum = 0n;
  for (const [, number = '0', unit = 's'] of text.matchAll(/([0-9.]+)(ns|us|µs|ms|s|m|h)/g)) {
    const size = units[unit] ?? 1n;
    const [whole = '0', fraction = ''] = number.split('.');
    sum += BigInt(whole) * size + (BigInt(fraction === '' ? 0 : fraction) * size) / 10n ** BigInt(fraction.length);
  }
  return sum;
}

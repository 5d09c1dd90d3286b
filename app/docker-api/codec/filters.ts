/** The `filters` query: JSON of key → values, as a list or (before 1.22) as an object of true. */
import * as v from 'valibot';
import { EngineError } from '../../../guest-agent/protocol/errors.ts';
import { hasLabel, type Filters } from '../../contract/container-filter.ts';
import type { Query } from './decode.ts';

const Shape = v.nullable(v.record(v.string(), v.union([v.array(v.string()), v.record(v.string(), v.boolean())])));

/** @throws EngineError `invalid-argument` for what is no JSON of that form, and for a key that is none of `known` */
export function parseFilters(query: Query, known: readonly string[]): Filters {
  const text = query.text('filters');
  if (text === '') return new Map();
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), Shape), text);
  if (!parsed.success) throw new EngineError('invalid-argument', 'invalid filter');
  const filters = new Map<string, readonly string[]>();
  for (const [key, values] of Object.entries(parsed.output ?? {})) {
    if (!known.includes(key)) throw new EngineError('invalid-argument', `invalid filter '${key}'`);
    const list = Array.isArray(values) ? values : Object.keys(values).filter((value) => values[value] === true);
    if (list.length > 0) filters.set(key, list);
  }
  return filters;
}

/** `label` must hold whole, `label!` must not. */
export function labelsFit(labels: Readonly<Record<string, string>>, filters: Filters): boolean {
  return (
    (filters.get('label') ?? []).every((wanted) => hasLabel(labels, wanted)) &&
    !(filters.get('label!') ?? []).some((unwanted) => hasLabel(labels, unwanted))
  );
}

/** `until`: Unix seconds, RFC 3339, or a span such as `10m` before now; nanoseconds since the epoch. */
export function untilFilter(filters: Filters, nowMs: number): bigint | undefined {
  const values = filters.get('until');
  if (values === undefined) return undefined;
  const [value = ''] = values;
  const span = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(value);
  if (value !== '' && span !== null) {
    const [, hours = '0', minutes = '0', seconds = '0'] = span;
    const ms = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
    return BigInt(Math.round(nowMs - ms)) * 1_000_000n;
  }
  const time = nanoseconds(value) ?? isoNanoseconds(value);
  if (time !== undefined) return time;
  throw new EngineError('invalid-argument', `failed to parse value as time or duration: ${JSON.stringify(value)}`);
}

function isoNanoseconds(value: string): bigint | undefined {
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? undefined : BigInt(ms) * 1_000_000n;
}

/** Unix seconds with an optional fraction. */
export function nanoseconds(text: string): bigint | undefined {
  const match = /^(\d{1,15})(?:\.(\d{1,9}))?$/.exec(text);
  if (match === null) return undefined;
  return BigInt(match[1] ?? '0') * 1_000_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'));
}

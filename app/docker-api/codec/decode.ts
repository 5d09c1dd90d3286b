/** Requests' values: JSON bodies by schema, query words by Docker's rules. */
import * as v from 'valibot';
import { EngineError } from '../../../guest-agent/protocol/errors.ts';
import { spelled } from './spelling.ts';

/** Go's decoder takes null for the zero value, and passes over what it does not know. */
export const Text = v.nullish(v.string(), '');
export const Flag = v.nullish(v.boolean(), false);
export const Whole = v.nullish(v.pipe(v.number(), v.integer()), 0);
export const Words = v.nullish(v.array(v.string()), []);
export const Labels = v.nullish(v.record(v.string(), v.string()), {});
export const Anything = v.nullish(v.unknown());

const Length = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535));
/** Height and width; nothing, and twice 0, is no wish. */
export const ConsoleSize = v.pipe(
  v.nullish(v.tuple([Length, Length]), [0, 0]),
  v.transform(([rows, columns]) => (rows === 0 && columns === 0 ? undefined : { rows, columns })),
);

/** @throws EngineError `invalid-argument` naming the field and what was expected there */
export function decode<T>(schema: v.GenericSchema<unknown, T>, body: unknown): T {
  const result = v.safeParse(schema, spelled(schema, body), { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  throw new EngineError('invalid-argument', `invalid JSON: ${path === null ? '' : `${path}: `}${issue.message}`);
}

/** @throws EngineError `invalid-argument` */
export function parseJson(text: string): unknown {
  if (text.trim() === '') throw new EngineError('invalid-argument', 'invalid JSON: got EOF while reading request body');
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new EngineError('invalid-argument', `invalid JSON: ${error instanceof Error ? error.message : ''}`);
  }
}

export interface Query {
  /** The first value; empty when there is none. */
  text(name: string): string;
  has(name: string): boolean;
  all(name: string): readonly string[];
}

/** Docker's `BoolValue`: everything but an empty word, 0, no, false and none. */
export function flag(query: Query, name: string, otherwise = false): boolean {
  if (!query.has(name)) return otherwise;
  return !['', '0', 'no', 'false', 'none'].includes(query.text(name).trim().toLowerCase());
}

/** @throws EngineError `invalid-argument` */
export function whole(query: Query, name: string): number | undefined {
  const text = query.text(name);
  if (text === '') return undefined;
  if (/^-?[0-9]{1,15}$/.test(text)) return Number(text);
  throw new EngineError('invalid-argument', `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** A terminal's size: 0…65535. @throws EngineError `invalid-argument` */
export function size(query: Query, name: string): number {
  const value = whole(query, name);
  if (value !== undefined && value >= 0 && value <= 65_535) return value;
  throw new EngineError(
    'invalid-argument',
    `invalid resize ${name === 'h' ? 'height' : 'width'} ${JSON.stringify(query.text(name))}`,
  );
}

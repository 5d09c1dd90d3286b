/**
 * Values of templates: strings, numbers, booleans, undefined, arrays; a plain object stands for a Go struct (an unknown
 * field is an error), a `Map` for a Go map (an unknown key has no value), a function for a method.
 */
import { templateError } from './template-error.ts';

export type Method = (...args: readonly unknown[]) => unknown;

export function isStruct(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Map);
}

export function isMap(value: unknown): value is ReadonlyMap<unknown, unknown> {
  return value instanceof Map;
}

/** `value.a.b` */
export function walk(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, key) => field(at, key), value);
}

export function field(value: unknown, key: string): unknown {
  if (isMap(value)) return value.get(key);
  if (isStruct(value)) {
    if (Object.hasOwn(value, key)) return value[key];
    throw templateError(`there is no field .${key}; there are ${Object.keys(value).join(', ')}`);
  }
  if (value === undefined || value === null) return undefined;
  throw templateError(`.${key} is asked of ${Array.isArray(value) ? 'a list' : `a ${typeof value}`}`);
}

/** Go's truth: false, 0, "", nil and whatever is empty are false. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isMap(value)) return value.size > 0;
  return value !== undefined && value !== null && value !== false && value !== 0 && value !== '';
}

/** As Go prints with %v: `[a b]`, `map[k:v]` (sorted), `{a b}`, `<no value>`. */
export function show(value: unknown): string {
  if (value === undefined || value === null) return '<no value>';
  if (typeof value === 'function') return show((value as Method)());
  if (Array.isArray(value)) return `[${value.map(show).join(' ')}]`;
  if (isMap(value)) {
    const pairs = [...value].map(([key, item]) => `${show(key)}:${show(item)}`);
    return `map[${pairs.sort().join(' ')}]`;
  }
  if (isStruct(value)) return `{${Object.values(value).map(show).join(' ')}}`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** JSON with maps as objects; methods are left out. */
export function toJson(value: unknown, indent?: number): string {
  const plain = (_: string, item: unknown): unknown => {
    if (isMap(item)) return Object.fromEntries([...item].map(([key, inner]) => [show(key), inner]));
    return typeof item === 'function' ? undefined : item;
  };
  return value === undefined ? 'null' : JSON.stringify(value, plain, indent);
}

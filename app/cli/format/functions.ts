/** Functions of templates: text/template's own, and those that Docker adds. */
import { templateError } from './template-error.ts';
import { field, isMap, isStruct, isTrue, show, toJson, type Method } from './value.ts';

export const functions: Readonly<Record<string, Method>> = {
  json: (value) => toJson(value),
  upper: (value) => text(value, 'upper').toUpperCase(),
  lower: (value) => text(value, 'lower').toLowerCase(),
  title: (value) =>
    text(value, 'title').replace(
      /(^|[^\p{L}\p{N}_'])(\p{L})/gu,
      (_, before: string, letter: string) => before + letter.toUpperCase(),
    ),
  join: (list, separator) => array(list, 'join').map(show).join(text(separator, 'join')),
  split: (value, separator) => text(value, 'split').split(text(separator, 'split')),
  truncate: (value, length) => text(value, 'truncate').slice(0, number(length, 'truncate')),
  pad: (value, before, after) =>
    ' '.repeat(number(before, 'pad')) + text(value, 'pad') + ' '.repeat(number(after, 'pad')),
  slice: (value, from, to) => slice(value, from, to),
  index: (value, ...keys) => keys.reduce(indexOne, value),
  len: (value) => lengthOf(value),
  print: (...values) => values.map(show).join(''),
  println: (...values) => `${values.map(show).join(' ')}\n`,
  printf: (format, ...values) => printf(text(format, 'printf'), values),
  not: (value) => !isTrue(value),
  and: (...values) => values.find((value) => !isTrue(value)) ?? values.at(-1),
  or: (...values) => values.find(isTrue) ?? values.at(-1),
  eq: (first, ...others) => others.some((other) => same(first, other)),
  ne: (a, b) => !same(a, b),
  lt: (a, b) => order(a, b, 'lt') < 0,
  le: (a, b) => order(a, b, 'le') <= 0,
  gt: (a, b) => order(a, b, 'gt') > 0,
  ge: (a, b) => order(a, b, 'ge') >= 0,
};

function text(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  throw templateError(`${name} needs text, not ${show(value)}`);
}

function number(value: unknown, name: string): number {
  if (typeof value === 'number') return value;
  throw templateError(`${name} needs a number, not ${show(value)}`);
}

function array(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw templateError(`${name} needs a list, not ${show(value)}`);
}

function slice(value: unknown, from: unknown, to: unknown): unknown {
  const whole = typeof value === 'string' ? value : array(value, 'slice');
  const start = from === undefined ? 0 : number(from, 'slice');
  const end = to === undefined ? whole.length : number(to, 'slice');
  if (start <= end && end <= whole.length) return whole.slice(start, end);
  throw templateError(`slice ${start} to ${end} is outside of ${whole.length}`);
}

function indexOne(value: unknown, key: unknown): unknown {
  if (isMap(value)) return value.get(key);
  if (isStruct(value)) return field(value, text(key, 'index'));
  const list = array(value, 'index');
  const at = number(key, 'index');
  if (at >= 0 && at < list.length) return list[at];
  throw templateError(`index ${at} is outside of a list of ${list.length}`);
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (isMap(value)) return value.size;
  throw templateError(`len needs text, a list or a map, not ${show(value)}`);
}

function same(a: unknown, b: unknown): boolean {
  if (a !== undefined && b !== undefined && typeof a !== typeof b)
    throw templateError(`${show(a)} and ${show(b)} are of different kinds`);
  return a === b;
}

function order(a: unknown, b: unknown, name: string): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a === b ? 0 : 1;
  throw templateError(`${name} needs two numbers or two texts, not ${show(a)} and ${show(b)}`);
}

/** fmt's verbs s, v, d, q, t, f, x and %, with width and precision. */
function printf(format: string, values: readonly unknown[]): string {
  const parts = format.split(/(%[-0]?[0-9]*(?:\.[0-9]+)?[a-zA-Z%])/);
  let next = 0;
  return parts
    .map((part, index) => (index % 2 === 0 ? part : part === '%%' ? '%' : verb(part, values[next++])))
    .join('');
}

function verb(directive: string, value: unknown): string {
  const match = /^%([-0]?)([0-9]*)(?:\.([0-9]+))?(.)$/.exec(directive);
  const done = verbText(match?.[4] ?? '', value, match?.[3]);
  const size = Number(match?.[2] ?? 0);
  return match?.[1] === '-' ? done.padEnd(size) : done.padStart(size, match?.[1] === '0' ? '0' : ' ');
}

function verbText(letter: string, value: unknown, precision: string | undefined): string {
  switch (letter) {
    case 's':
    case 'v':
      return precision === undefined ? show(value) : show(value).slice(0, Number(precision));
    case 'q':
      return JSON.stringify(show(value));
    case 'd':
    case 't':
      return show(value);
    case 'f':
      return number(value, 'printf %f').toFixed(Number(precision ?? 6));
    case 'x':
      return typeof value === 'number' ? value.toString(16) : Buffer.from(show(value)).toString('hex');
    default:
      throw templateError(`printf does not know %${letter}`);
  }
}

/** Splits a Go template into text and the tokens of its actions (text/template: `{{ … }}`, `{{- … -}}` trims). */
import { templateError } from './template-error.ts';

export type Token =
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'open' | 'close' }
  | { readonly kind: 'word'; readonly value: string }
  /** `.A.B`, or `.` alone as an empty path. */
  | { readonly kind: 'field'; readonly path: readonly string[] }
  | { readonly kind: 'variable'; readonly name: string; readonly path: readonly string[] }
  | { readonly kind: 'literal'; readonly value: string | number }
  | { readonly kind: 'sign'; readonly value: '|' | '(' | ')' | ',' | ':=' | '=' };

export function tokenize(template: string): Token[] {
  const tokens: Token[] = [];
  let rest = template;
  let trimNext = false;
  for (;;) {
    const open = rest.indexOf('{{');
    const raw = open < 0 ? rest : rest.slice(0, open);
    const trimEnd = open >= 0 && /^\{\{-\s/.test(rest.slice(open));
    const text = trim(raw, trimNext, trimEnd);
    if (text !== '') tokens.push({ kind: 'text', value: text });
    if (open < 0) return tokens;
    const action = readAction(rest.slice(open + (trimEnd ? 3 : 2)));
    if (!action.comment) tokens.push({ kind: 'open' }, ...action.tokens, { kind: 'close' });
    trimNext = action.trims;
    rest = action.rest;
  }
}

function trim(text: string, start: boolean, end: boolean): string {
  const left = start ? text.trimStart() : text;
  return end ? left.trimEnd() : left;
}

interface Action {
  readonly tokens: Token[];
  readonly rest: string;
  readonly trims: boolean;
  readonly comment: boolean;
}

function readAction(source: string): Action {
  const comment = /^\s*\/\*[\s\S]*?\*\/\s*(-?)\}\}/.exec(source);
  if (comment !== null)
    return { tokens: [], rest: source.slice(comment[0].length), trims: comment[1] === '-', comment: true };
  const tokens: Token[] = [];
  let rest = source;
  for (;;) {
    const end = /^(?:\s*|\s+(-))\}\}/.exec(rest);
    if (end !== null) return { tokens, rest: rest.slice(end[0].length), trims: end[1] === '-', comment: false };
    rest = rest.trimStart();
    const { token, length } = readToken(rest);
    tokens.push(token);
    rest = rest.slice(length);
  }
}

/** Any character beyond ASCII counts as a letter: the property classes that tell take a millisecond to compile. */
const name = '[A-Za-z_\\u0080-\\uffff][\\w\\u0080-\\uffff]*';
const rules: readonly [RegExp, (match: RegExpExecArray) => Token][] = [
  [/^"(?:[^"\\\n]|\\.)*"/, (m) => ({ kind: 'literal', value: unquote(m[0]) })],
  [/^`[^`]*`/, (m) => ({ kind: 'literal', value: m[0].slice(1, -1) })],
  [/^-?(?:0x[0-9a-fA-F]+|[0-9]+(?:\.[0-9]+)?)/, (m) => ({ kind: 'literal', value: Number(m[0]) })],
  [new RegExp(`^\\$(${name})?((?:\\.${name})*)`), (m) => ({ kind: 'variable', name: m[1] ?? '', path: pathOf(m[2]) })],
  [new RegExp(`^(?:\\.${name})+`), (m) => ({ kind: 'field', path: pathOf(m[0]) })],
  [/^\./, () => ({ kind: 'field', path: [] })],
  [/^(?::=|[|(),=])/, (m) => ({ kind: 'sign', value: m[0] as ':=' })],
  [new RegExp(`^${name}`), (m) => ({ kind: 'word', value: m[0] })],
];

function readToken(rest: string): { token: Token; length: number } {
  if (rest === '') throw templateError("an action is not closed: '}}' is missing");
  for (const [pattern, make] of rules) {
    const match = pattern.exec(rest);
    if (match !== null) return { token: make(match), length: match[0].length };
  }
  throw templateError(`unexpected ${JSON.stringify(rest.slice(0, 12))}`);
}

function pathOf(dotted: string | undefined): string[] {
  return dotted === undefined || dotted === '' ? [] : dotted.slice(1).split('.');
}

function unquote(quoted: string): string {
  const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\\': '\\', '"': '"' };
  return quoted.slice(1, -1).replace(/\\(.)/g, (_, letter: string) => escapes[letter] ?? letter);
}

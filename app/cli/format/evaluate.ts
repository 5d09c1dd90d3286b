/** Runs a template over a value. */
import { functions } from './functions.ts';
import { parseTemplate, type Node, type Operand, type Pipe } from './parser.ts';
import { templateError } from './template-error.ts';
import { isMap, isTrue, show, walk, type Method } from './value.ts';

export type Template = (data: unknown) => string;

/** @throws EngineError `invalid-argument` saying what is wrong, here or when the data does not fit. */
export function compileTemplate(source: string): Template {
  const nodes = parseTemplate(source);
  return (data) => runList(nodes, { dot: data, variables: new Map([['', data]]) });
}

interface Scope {
  readonly dot: unknown;
  readonly variables: ReadonlyMap<string, unknown>;
}

function runList(nodes: readonly Node[], scope: Scope): string {
  let inner = scope;
  let out = '';
  for (const node of nodes) {
    if (node.kind === 'print' && node.pipe.declare !== undefined) {
      inner = declared(inner, node.pipe.declare, [run(node.pipe, inner)]);
    } else out += runNode(node, inner);
  }
  return out;
}

function runNode(node: Node, scope: Scope): string {
  switch (node.kind) {
    case 'text':
      return node.value;
    case 'print':
      return show(run(node.pipe, scope));
    case 'range':
      return runRange(node, scope);
    case 'if':
    case 'with': {
      const value = run(node.pipe, scope);
      const inner = declared(scope, node.pipe.declare ?? [], [value]);
      if (!isTrue(value)) return runList(node.otherwise, inner);
      return runList(node.body, node.kind === 'with' ? { ...inner, dot: value } : inner);
    }
  }
}

function runRange(node: Exclude<Node, { kind: 'text' | 'print' }>, scope: Scope): string {
  const entries = entriesOf(run(node.pipe, scope));
  if (entries.length === 0) return runList(node.otherwise, scope);
  const names = node.pipe.declare ?? [];
  const runOne = ([key, item]: readonly [unknown, unknown]) => {
    const inner = declared(scope, names, names.length > 1 ? [key, item] : [item]);
    return runList(node.body, { ...inner, dot: item });
  };
  return entries.map(runOne).join('');
}

function entriesOf(value: unknown): (readonly [unknown, unknown])[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value.map((item, index) => [index, item] as const);
  if (isMap(value)) return [...value].sort(([a], [b]) => (show(a) < show(b) ? -1 : 1));
  if (typeof value === 'number') return Array.from({ length: value }, (_, index) => [index, index] as const);
  throw templateError(`range needs a list or a map, not ${show(value)}`);
}

function declared(scope: Scope, names: readonly string[], values: readonly unknown[]): Scope {
  if (names.length === 0) return scope;
  const variables = new Map(scope.variables);
  names.forEach((name, index) => variables.set(name, values[index]));
  return { ...scope, variables };
}

function run(pipe: Pipe, scope: Scope): unknown {
  let piped: readonly unknown[] = [];
  for (const command of pipe.commands) piped = [runCommand(command, piped, scope)];
  return piped[0];
}

function runCommand(command: readonly Operand[], piped: readonly unknown[], scope: Scope): unknown {
  const [head, ...rest] = command;
  if (head === undefined) throw templateError('a pipe has nothing in it');
  const args = () => [...rest.map((operand) => valueOf(operand, scope)), ...piped];
  if (head.kind === 'function') return functionNamed(head.name)(...args());
  const value = valueOf(head, scope, false);
  if (typeof value === 'function') return (value as Method)(...args());
  if (rest.length + piped.length > 0) throw templateError(`${describe(head)} is not a function and takes no arguments`);
  return value;
}

function valueOf(operand: Operand, scope: Scope, call = true): unknown {
  const value = rawValue(operand, scope);
  return call && typeof value === 'function' ? (value as Method)() : value;
}

function rawValue(operand: Operand, scope: Scope): unknown {
  switch (operand.kind) {
    case 'literal':
      return operand.value;
    case 'field':
      return walk(scope.dot, operand.path);
    case 'pipe':
      return walk(run(operand.pipe, scope), operand.path);
    case 'function':
      return functionNamed(operand.name)();
    case 'variable':
      if (!scope.variables.has(operand.name)) throw templateError(`there is no variable $${operand.name}`);
      return walk(scope.variables.get(operand.name), operand.path);
  }
}

function functionNamed(name: string): Method {
  const found = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (found !== undefined) return found;
  throw templateError(`there is no function ${name}; there are ${Object.keys(functions).join(', ')}`);
}

function describe(operand: Operand): string {
  return operand.kind === 'field' ? `.${operand.path.join('.')}` : `a ${operand.kind}`;
}

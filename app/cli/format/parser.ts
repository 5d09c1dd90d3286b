/** Go template tokens → tree. */
import { tokenize, type Token } from './lexer.ts';
import { templateError } from './template-error.ts';

export type Operand =
  | { readonly kind: 'field'; readonly path: readonly string[] }
  | { readonly kind: 'variable'; readonly name: string; readonly path: readonly string[] }
  | { readonly kind: 'literal'; readonly value: unknown }
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'pipe'; readonly pipe: Pipe; readonly path: readonly string[] };

/** Each command's result is the last argument of the next. */
export interface Pipe {
  readonly declare?: readonly string[];
  readonly commands: readonly (readonly Operand[])[];
}

export type Node =
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'print'; readonly pipe: Pipe }
  | { readonly kind: 'if' | 'with' | 'range'; readonly pipe: Pipe; readonly body: Node[]; readonly otherwise: Node[] };

export function parseTemplate(template: string): Node[] {
  const parser = new Parser(tokenize(template));
  const nodes = parser.list(undefined);
  return nodes;
}

const constants: Readonly<Record<string, unknown>> = { true: true, false: false, nil: undefined };

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  /** Set when a list ended: `end` or `else`. */
  #stoppedBy = '';

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** @param within the block's keyword; undefined at the top. */
  list(within: string | undefined): Node[] {
    const nodes: Node[] = [];
    for (;;) {
      const token = this.#take();
      if (token === undefined) {
        if (within === undefined) return nodes;
        throw templateError(`{{${within}}} has no {{end}}`);
      }
      if (token.kind === 'text') nodes.push(token);
      else {
        const node = this.#action(within);
        if (node === undefined) return nodes;
        nodes.push(node);
      }
    }
  }

  #action(within: string | undefined): Node | undefined {
    const next = this.#tokens[this.#at];
    if (next?.kind === 'word' && (next.value === 'end' || next.value === 'else')) {
      if (within === undefined) throw templateError(`{{${next.value}}} without a block before it`);
      this.#at += 1;
      this.#stoppedBy = next.value;
      if (next.value === 'end') this.#expectClose('end');
      return undefined;
    }
    if (next?.kind === 'word' && (next.value === 'if' || next.value === 'with' || next.value === 'range')) {
      this.#at += 1;
      return this.#block(next.value);
    }
    const pipe = this.#pipe();
    this.#expectClose('an action');
    return { kind: 'print', pipe };
  }

  #block(kind: 'if' | 'with' | 'range'): Node {
    const pipe = this.#pipe();
    this.#expectClose(kind);
    const body = this.list(kind);
    if (this.#stoppedBy === 'end') return { kind, pipe, body, otherwise: [] };
    const next = this.#tokens[this.#at];
    if (next?.kind === 'word' && (next.value === 'if' || next.value === 'with')) {
      this.#at += 1;
      return { kind, pipe, body, otherwise: [this.#block(next.value)] };
    }
    this.#expectClose('else');
    const otherwise = this.list(kind);
    if (this.#stoppedBy === 'else') throw templateError(`{{${kind}}} has two {{else}}`);
    return { kind, pipe, body, otherwise };
  }

  #pipe(): Pipe {
    const declare = this.#declaration();
    const commands: Operand[][] = [];
    do commands.push(this.#command());
    while (this.#skipSign('|'));
    return { ...(declare.length > 0 ? { declare } : {}), commands };
  }

  #declaration(): string[] {
    const names: string[] = [];
    let at = this.#at;
    for (;;) {
      const token = this.#tokens[at];
      if (token?.kind !== 'variable' || token.path.length > 0) return [];
      names.push(token.name);
      const sign = this.#tokens[at + 1];
      if (sign?.kind !== 'sign') return [];
      at += 2;
      if (sign.value === ',') continue;
      if (sign.value !== ':=' && sign.value !== '=') return [];
      this.#at = at;
      return names;
    }
  }

  #command(): Operand[] {
    const operands: Operand[] = [];
    for (;;) {
      const operand = this.#operand();
      if (operand === undefined) break;
      operands.push(operand);
    }
    if (operands.length === 0) throw templateError('an action or pipe has nothing in it');
    return operands;
  }

  #operand(): Operand | undefined {
    const token = this.#tokens[this.#at];
    switch (token?.kind) {
      case 'field':
      case 'variable':
      case 'literal':
        this.#at += 1;
        return token;
      case 'word':
        this.#at += 1;
        if (Object.hasOwn(constants, token.value)) return { kind: 'literal', value: constants[token.value] };
        return { kind: 'function', name: token.value };
      case 'sign':
        return this.#skipSign('(') ? this.#group() : undefined;
      default:
        return undefined;
    }
  }

  #group(): Operand {
    const pipe = this.#pipe();
    if (!this.#skipSign(')')) throw templateError("a '(' has no ')'");
    const after = this.#tokens[this.#at];
    if (after?.kind !== 'field' || after.path.length === 0) return { kind: 'pipe', pipe, path: [] };
    this.#at += 1;
    return { kind: 'pipe', pipe, path: after.path };
  }

  #skipSign(value: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'sign' || token.value !== value) return false;
    this.#at += 1;
    return true;
  }

  #expectClose(what: string): void {
    const token = this.#take();
    if (token?.kind === 'close') return;
    throw templateError(
      `unexpected ${JSON.stringify(token === undefined ? 'end' : 'value' in token ? token.value : token.kind)} in ${what}`,
    );
  }

  #take(): Token | undefined {
    const token = this.#tokens[this.#at];
    this.#at += 1;
    return token;
  }
}

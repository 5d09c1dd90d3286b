/**
 * Splits a command line as Docker's own parser (pflag) does: `--name value`, `--name=value`, `-n value`, `-nvalue`,
 * `-n=value`, joined switches (`-it`), `--switch=false`, `--` to end the options.
 */
import { nearest } from './suggest.ts';
import { Options } from './options.ts';
import type { OptionSpec } from './spec.ts';
import { badFlag, badOptionExit, usageError } from './usage-error.ts';

export interface Parsed {
  readonly args: readonly string[];
  readonly options: Options;
}

export interface ParseRules {
  readonly options: readonly OptionSpec[];
  readonly stopAtArgument?: boolean;
  /** For the hint: `berth run`. */
  readonly command: string;
}

/** @throws EngineError `invalid-argument` with exit code 125, naming the option and the nearest known one. */
export function parseArgs(argv: readonly string[], rules: ParseRules): Parsed {
  const parse = new Parse(argv, rules);
  while (parse.step());
  return { args: parse.args, options: new Options(parse.values) };
}

class Parse {
  readonly args: string[] = [];
  readonly values = new Map<string, string[]>();
  readonly #rest: string[];
  readonly #rules: ParseRules;

  constructor(argv: readonly string[], rules: ParseRules) {
    this.#rest = [...argv];
    this.#rules = rules;
  }

  step(): boolean {
    const word = this.#rest.shift();
    if (word === undefined) return false;
    if (word === '--') return this.#takeRest();
    if (word.startsWith('--')) this.#long(word);
    else if (word.startsWith('-') && word !== '-') this.#short(word);
    else {
      this.args.push(word);
      if (this.#rules.stopAtArgument === true) return this.#takeRest();
    }
    return true;
  }

  #takeRest(): false {
    this.args.push(...this.#rest);
    return false;
  }

  #long(word: string): void {
    const equals = word.indexOf('=');
    const name = word.slice(2, equals < 0 ? undefined : equals);
    const option = this.#rules.options.find((known) => known.name === name);
    if (option === undefined) throw this.#unknown(`--${name}`);
    this.#set(option, equals < 0 ? undefined : word.slice(equals + 1), `--${name}`);
  }

  #short(word: string): void {
    for (let i = 1; i < word.length; i++) {
      const letter = word.charAt(i);
      const option = this.#rules.options.find((known) => known.short === letter);
      if (option === undefined) throw this.#unknown(`-${letter}`, word);
      const tail = word.slice(i + 1);
      if (option.value === undefined && !tail.startsWith('=')) {
        this.#set(option, undefined, `-${letter}`);
        continue;
      }
      const value = tail.startsWith('=') ? tail.slice(1) : tail;
      this.#set(option, tail === '' ? undefined : value, `-${letter}`);
      return;
    }
  }

  #set(option: OptionSpec, inline: string | undefined, shown: string): void {
    const value = option.value === undefined ? switchValue(inline ?? 'true', shown) : (inline ?? this.#next(shown));
    const list = this.values.get(option.name) ?? [];
    list.push(value);
    this.values.set(option.name, list);
  }

  #next(shown: string): string {
    const value = this.#rest.shift();
    if (value !== undefined) return value;
    throw usageError(`option ${shown} needs a value`, `See '${this.#rules.command} --help'.`, badOptionExit);
  }

  #unknown(shown: string, within?: string) {
    const known = this.#rules.options.map((option) => `--${option.name}`);
    const meant = shown.startsWith('--') ? nearest(shown, known) : undefined;
    const where = within === undefined || within === shown ? '' : ` in ${within}`;
    const hint =
      meant === undefined
        ? `See '${this.#rules.command} --help' for the options.`
        : `Did you mean ${meant}? See '${this.#rules.command} --help'.`;
    return usageError(`unknown option ${shown}${where}`, hint, badOptionExit);
  }
}

/** Go's strconv.ParseBool. */
function switchValue(text: string, shown: string): 'true' | 'false' {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return 'true';
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return 'false';
  throw badFlag(shown, text, 'it is a switch', `Write ${shown}, or ${shown}=false.`);
}

/** How a command is declared: one value per command file; parsing, help, completion and the documentation read it. */
import type { Context } from '../context.ts';
import type { Options } from './options.ts';

/** What completion offers for a value. */
export type Completion =
  'container' | 'running' | 'image' | 'volume' | 'network' | 'machine' | 'file' | readonly string[];

export interface OptionSpec {
  /** Without the dashes. */
  readonly name: string;
  readonly short?: string;
  /** Placeholder of the value in help; absent: the option is a switch. */
  readonly value?: string;
  /** May be given several times. */
  readonly list?: boolean;
  readonly help: string;
  readonly complete?: Completion;
}

export interface Example {
  readonly line: string;
  readonly does: string;
}

export interface CommandSpec {
  /** The arguments as help shows them, such as `IMAGE [COMMAND] [ARG...]`. */
  readonly usage: string;
  readonly description: string;
  readonly options: readonly OptionSpec[];
  readonly examples: readonly Example[];
  /** Least and most number of arguments. */
  readonly args: readonly [number, number];
  /** Options end at the first argument; what follows belongs to a program in the container. */
  readonly stopAtArgument?: boolean;
  readonly completeArgument?: Completion;
  /** @returns the exit code. */
  run(context: Context, input: Input): Promise<number>;
  /** Exit code when it fails otherwise than by a container's own code; 1 unless given. */
  readonly failureExit?: number;
}

export interface Input {
  readonly args: readonly string[];
  readonly options: Options;
}

export const anyNumber = Number.POSITIVE_INFINITY;

/** From the command line to an exit code. */
import { Context } from './context.ts';
import { findCommand, type Found } from './command/find.ts';
import { globalOptions } from './command/global-options.ts';
import type { Options } from './command/options.ts';
import { parseArgs } from './command/parser.ts';
import type { CommandSpec, OptionSpec } from './command/spec.ts';
import { commandTree } from './command/tree.ts';
import { usageError } from './command/usage-error.ts';
import { describeError } from './describe-error.ts';
import { exitCode, exitCodeOf } from './exit-code.ts';
import { flushed, note, print, standardError } from './output.ts';

/** Runs one command line; what goes wrong is told on stderr. @returns the exit code */
export async function runProgram(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const failure = { exit: exitCode.failed as number, debug: argv.includes('--debug') || argv.includes('-D') };
  try {
    return await dispatch(argv, env, failure);
  } catch (error) {
    note(describeError(error, { terminal: standardError().isTTY, debug: failure.debug }));
    return exitCodeOf(error, failure.exit);
  } finally {
    await flushed();
  }
}

interface Failure {
  exit: number;
  debug: boolean;
}

async function dispatch(argv: readonly string[], env: NodeJS.ProcessEnv, failure: Failure): Promise<number> {
  const before = parseArgs(argv, { options: topOptions, stopAtArgument: true, command: 'berth' });
  if (before.options.flag('version')) return runNamed(findCommand(['version']), env, before.options, failure);
  if (before.args.length === 0) return showHelp();
  return runNamed(findCommand(before.args), env, before.options, failure);
}

const topOptions: readonly OptionSpec[] = [
  ...globalOptions.map((option) => (option.name === 'help' ? { ...option, short: 'h' } : option)),
  { name: 'version', short: 'v', help: 'Show versions' },
];

async function runNamed(found: Found, env: NodeJS.ProcessEnv, before: Options, failure: Failure): Promise<number> {
  const { entry, path, rest } = found;
  if (entry.children !== undefined || entry.load === undefined) {
    parseArgs(rest, { options: globalOptions, command: path });
    return showHelp(found);
  }
  const { command } = await entry.load();
  failure.exit = command.failureExit ?? exitCode.failed;
  const parsed = parseArgs(rest, {
    options: [...command.options, ...globalsBeside(command)],
    stopAtArgument: command.stopAtArgument ?? false,
    command: path,
  });
  if (parsed.options.flag('help') || before.flag('help')) return showHelp(found, command);
  checkArguments(parsed.args.length, command, path);
  failure.debug = parsed.options.flag('debug') || before.flag('debug');
  const machine = parsed.options.text('machine') ?? before.text('machine') ?? env['BERTH_MACHINE'];
  using context = new Context(env, { machine: machine || 'default', debug: failure.debug });
  return await command.run(context, parsed);
}

/** `-h` is help wherever the command has no other use for it. */
function globalsBeside({ options }: CommandSpec): readonly OptionSpec[] {
  if (options.some(({ short }) => short === 'h')) return globalOptions;
  return globalOptions.map((option) => (option.name === 'help' ? { ...option, short: 'h' } : option));
}

async function showHelp(found?: Found, command?: CommandSpec): Promise<number> {
  const { commandHelp, familyHelp } = await import('./command/help.ts');
  const lines =
    found !== undefined && command !== undefined
      ? commandHelp(found.path, command)
      : familyHelp(
          found?.path ?? 'berth',
          found?.entry.summary ?? 'Linux containers from kernel primitives, in a light virtual machine.',
          found?.entry.children ?? commandTree,
        );
  print(...lines);
  return 0;
}

function checkArguments(count: number, { args: [least, most], usage }: CommandSpec, path: string): void {
  if (count >= least && count <= most) return;
  const wanted = least === most ? `exactly ${least}` : count < least ? `at least ${least}` : `at most ${most}`;
  const noun = (count < least ? least : most) === 1 ? 'argument' : 'arguments';
  const told = most === 0 ? 'no arguments' : `${wanted} ${noun}`;
  throw usageError(`'${path}' takes ${told}, not ${count}`, `Usage: ${path} ${usage}. See '${path} --help'.`);
}

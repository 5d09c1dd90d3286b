import { nearest } from './suggest.ts';
import { commandTree, type CommandEntry } from './tree.ts';
import { usageError } from './usage-error.ts';

export interface Found {
  readonly entry: CommandEntry;
  /** `berth container ls` */
  readonly path: string;
  /** What follows the command's name. */
  readonly rest: readonly string[];
}

/**
 * The command that the words name; a family alone (`berth image`) is an answer too.
 * @throws EngineError naming the unknown word and the nearest command.
 */
export function findCommand(
  words: readonly string[],
  tree: readonly CommandEntry[] = commandTree,
  path = 'berth',
): Found {
  const [word = '', ...rest] = words;
  const entry = tree.find(({ name, aliases }) => name === word || aliases?.includes(word) === true);
  if (entry === undefined) throw unknown(word, tree, path);
  const here = `${path} ${entry.name}`;
  const [next] = rest;
  if (entry.children === undefined || next === undefined || next.startsWith('-')) return { entry, path: here, rest };
  return findCommand(rest, entry.children, here);
}

function unknown(word: string, tree: readonly CommandEntry[], path: string) {
  const names = tree.filter(({ hidden }) => hidden !== true).flatMap(({ name, aliases }) => [name, ...(aliases ?? [])]);
  const meant = nearest(word, names);
  const hint =
    meant === undefined
      ? `See '${path} --help' for the commands.`
      : `Did you mean '${path} ${meant}'? See '${path} --help'.`;
  return usageError(`'${path} ${word}' is not a command`, hint);
}

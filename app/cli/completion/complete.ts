/** What may follow on a command line. */
import { globalOptions } from '../command/global-options.ts';
import type { CommandSpec, Completion, OptionSpec } from '../command/spec.ts';
import { commandTree, type CommandEntry } from '../command/tree.ts';

export interface Offer {
  readonly word: string;
  readonly about: string;
}

/** Names that exist now; `file` is left to the shell. */
export type LiveNames = (kind: Exclude<Completion, readonly string[] | 'file'>) => Promise<readonly string[]>;

/** Tells the shell to offer files. */
export const filesMark = ':files';

/** @param words after `berth`; the last is being typed */
export async function completeWords(words: readonly string[], live: LiveNames): Promise<Offer[]> {
  const typed = words.at(-1) ?? '';
  const offers = await offersFor(words.slice(0, -1), typed, live);
  return offers.filter(({ word }) => word === filesMark || word.startsWith(typed));
}

async function offersFor(before: readonly string[], typed: string, live: LiveNames): Promise<Offer[]> {
  let tree: readonly CommandEntry[] = commandTree;
  for (let at = 0; at < before.length; at++) {
    const word = before[at] ?? '';
    if (word.startsWith('-')) {
      if (globalOptions.some(({ name, value }) => value !== undefined && `--${name}` === word)) at += 1;
      if (at >= before.length) return values('machine', live);
      continue;
    }
    const entry = tree.find(({ name, aliases }) => name === word || aliases?.includes(word) === true);
    if (entry === undefined) return [];
    if (entry.children !== undefined) tree = entry.children;
    else if (entry.load !== undefined)
      return withinCommand((await entry.load()).command, before.slice(at + 1), typed, live);
  }
  if (typed.startsWith('-')) return globalOptions.map(asOffer);
  return tree.filter(({ hidden }) => hidden !== true).map(({ name, summary }) => ({ word: name, about: summary }));
}

async function withinCommand(
  command: CommandSpec,
  before: readonly string[],
  typed: string,
  live: LiveNames,
): Promise<Offer[]> {
  const options = [...command.options, ...globalOptions];
  const { count, pending } = readBefore(before, options);
  if (pending !== undefined) return values(pending.complete, live);
  const over = command.stopAtArgument === true && count > 0;
  if (typed.startsWith('-') && !over) return options.map(asOffer);
  if (over || count >= command.args[1]) return [];
  return values(command.completeArgument, live);
}

/** Arguments so far, and the option that waits for its value. */
function readBefore(
  before: readonly string[],
  options: readonly OptionSpec[],
): { count: number; pending?: OptionSpec } {
  let count = 0;
  for (let at = 0; at < before.length; at++) {
    const word = before[at] ?? '';
    const option = options.find(
      ({ name, short }) => word === `--${name}` || (short !== undefined && /^-[^-]/.test(word) && word.endsWith(short)),
    );
    if (option?.value !== undefined) {
      at += 1;
      if (at >= before.length) return { count, pending: option };
    } else if (!word.startsWith('-')) count += 1;
  }
  return { count };
}

async function values(kind: Completion | undefined, live: LiveNames): Promise<Offer[]> {
  if (kind === undefined) return [];
  if (kind === 'file') return [{ word: filesMark, about: '' }];
  const words = typeof kind === 'string' ? await live(kind) : kind;
  return words.map((word) => ({ word, about: '' }));
}

function asOffer({ name, help }: OptionSpec): Offer {
  return { word: `--${name}`, about: help };
}

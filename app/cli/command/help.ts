import { alignColumns } from '../format/table.ts';
import { globalOptions } from './global-options.ts';
import type { CommandSpec, OptionSpec } from './spec.ts';
import { groups, type CommandEntry } from './tree.ts';

/** `berth ps --help` */
export function commandHelp(path: string, spec: CommandSpec): string[] {
  const options = spec.options.length > 0 ? ' [OPTIONS]' : '';
  return [
    `Usage: ${path}${options}${spec.usage === '' ? '' : ` ${spec.usage}`}`,
    '',
    spec.description,
    ...section('Options', optionLines(spec.options)),
    ...section('Global options', optionLines(globalOptions)),
    ...section('Examples', alignColumns(spec.examples.map(({ line, does }) => [`  ${line}`, does]))),
  ];
}

/** `berth --help`, `berth image --help` */
export function familyHelp(path: string, summary: string, children: readonly CommandEntry[]): string[] {
  const shown = children.filter(({ hidden }) => hidden !== true);
  const sections = groups.flatMap((group) => {
    const own = shown.filter((entry) => entry.group === group);
    return section(group, alignColumns(own.map(({ name, summary: line }) => [`  ${name}`, line])));
  });
  return [
    `Usage: ${path} COMMAND`,
    '',
    summary,
    ...sections,
    ...section('Global options', optionLines(globalOptions)),
    '',
    `'${path} COMMAND --help' explains a command, with examples.`,
  ];
}

export function optionLines(options: readonly OptionSpec[]): string[] {
  return alignColumns(options.map((option) => [`  ${optionWords(option)}`, option.help]));
}

export function optionWords({ name, short, value }: OptionSpec): string {
  return `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length > 0 ? ['', `${title}:`, ...lines] : [];
}

import { globalOptions } from './global-options.ts';
import type { CommandSpec, OptionSpec } from './spec.ts';
import { groups, type CommandEntry } from './tree.ts';

interface Page {
  readonly path: string;
  readonly entry: CommandEntry;
  readonly spec: CommandSpec;
}

/** docs/commands.md: every command with its options and examples. */
export async function commandReference(tree: readonly CommandEntry[]): Promise<string> {
  const pages = await pagesOf(tree, 'berth');
  const sections = groups.flatMap((group) => {
    const own = pages.filter(({ entry }) => entry.group === group);
    return [`## ${group}`, ...own.flatMap(commandSection)];
  });
  return (
    [
      '# Commands',
      'Made from the command tree by `node scripts/generate-command-docs.ts`; `berth COMMAND --help` shows the same.',
      'Options stand before arguments; where an image or a container is followed by a command of its own, options end there.',
      '## Global options',
      optionTable(globalOptions),
      'They may stand before or after the name of the command.',
      ...sections,
      '',
    ]
      .join('\n\n')
      .trimEnd() + '\n'
  );
}

async function pagesOf(tree: readonly CommandEntry[], path: string): Promise<Page[]> {
  const pages: Page[] = [];
  for (const entry of tree.filter(({ hidden }) => hidden !== true)) {
    const here = `${path} ${entry.name}`;
    if (entry.children !== undefined) pages.push(...(await pagesOf(entry.children, here)));
    else if (entry.load !== undefined) pages.push({ path: here, entry, spec: (await entry.load()).command });
  }
  return pages;
}

function commandSection({ path, entry, spec }: Page): string[] {
  const top = path.replace('berth container ', 'berth ').replace('berth ls', 'berth ps');
  const isAlias = path.startsWith('berth container ') && entry.name !== 'prune';
  if (isAlias) return [`### ${path}`, `Same as \`${top}\`.`];
  const options = spec.options.length > 0 ? ' [OPTIONS]' : '';
  const examples = spec.examples.map(({ line, does }) => `${line}    # ${does}`).join('\n');
  return [
    `### ${path}`,
    `\`${`${path}${options} ${spec.usage}`.trim()}\``,
    spec.description.replaceAll('\n', ' '),
    ...(spec.options.length > 0 ? [optionTable(spec.options)] : []),
    `\`\`\`sh\n${examples}\n\`\`\``,
  ];
}

function optionTable(options: readonly OptionSpec[]): string {
  const rows = options.map(({ name, short, value, list, help }) => {
    const words = `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`;
    return `| \`${escape(words)}\` | ${escape(help)}${list === true ? ' (may be repeated)' : ''} |`;
  });
  return ['| Option | |', '| --- | --- |', ...rows].join('\n');
}

function escape(text: string): string {
  return text.replaceAll('|', '\\|');
}

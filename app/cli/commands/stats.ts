import { setTimeout as delay } from 'node:timers/promises';
import type { ContainerStats } from '../../../guest-agent/protocol/container.ts';
import type { ControlClient } from '../../control/client.ts';
import type { Context } from '../context.ts';
import type { Options } from '../command/options.ts';
import { anyNumber, type CommandSpec } from '../command/spec.ts';
import { formatList } from '../format/list.ts';
import { standardOutput } from '../output.ts';
import { listFormat, noTrunc } from '../shared/format-option.ts';
import { statsRow, statsView } from '../views/stats-row.ts';

const interval = 1000;

export const command: CommandSpec = {
  usage: '[CONTAINER...]',
  description: 'Shows what running containers use, again every second on a terminal.',
  options: [
    { name: 'no-stream', help: 'Only once' },
    { name: 'all', short: 'a', help: 'Also containers that do not run' },
    noTrunc,
    listFormat,
  ],
  examples: [
    { line: 'berth stats', does: 'All that run' },
    { line: "berth stats --no-stream --format '{{.Name}} {{.MemUsage}}' web", does: 'One line' },
  ],
  args: [0, anyNumber],
  completeArgument: 'running',
  async run(context, { args, options }) {
    const client = await context.connect('running');
    let before = await sample(client, args, options);
    for (;;) {
      await delay(interval);
      const now = await sample(client, args, options);
      draw(context, options, linesOf(now, before, options));
      if (options.flag('no-stream')) return 0;
      before = now;
    }
  },
};

/** Without names, all that run: asked again each time, as they come and go. */
async function sample({ api }: ControlClient, names: readonly string[], options: Options): Promise<ContainerStats[]> {
  if (names.length > 0) return api.containers.stats({ ids: [...names] });
  const infos = await api.containers.list({ all: options.flag('all') });
  return infos.length === 0 ? [] : api.containers.stats({ ids: infos.map(({ id }) => id) });
}

function linesOf(now: readonly ContainerStats[], before: readonly ContainerStats[], options: Options): string[] {
  const rows = now.map((stats) => {
    const earlier = before.find(({ id }) => id === stats.id);
    return statsRow(stats, earlier, !options.flag('no-trunc'));
  });
  return formatList(rows, statsView, options.text('format'));
}

/** On a terminal each table takes the place of the one before. */
function draw(context: Context, options: Options, lines: readonly string[]): void {
  const live = standardOutput().isTTY && !options.flag('no-stream');
  if (live) standardOutput().write('\x1b[2J\x1b[H');
  context.print(...lines);
}

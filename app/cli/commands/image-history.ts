import type { CommandSpec } from '../command/spec.ts';
import { formatList } from '../format/list.ts';
import { listFormat, noTrunc, quietIds } from '../shared/format-option.ts';
import { historyRow, historyView } from '../views/history-row.ts';

export const command: CommandSpec = {
  usage: 'IMAGE',
  description: 'Shows the steps in which an image was made, the last one first. The engine need not run.',
  options: [
    { name: 'human', short: 'H', help: 'Sizes and times in words (default true)' },
    noTrunc,
    quietIds,
    listFormat,
  ],
  examples: [
    { line: 'berth history busybox', does: 'The steps' },
    { line: 'berth image history --no-trunc busybox', does: 'With whole commands' },
  ],
  args: [1, 1],
  completeArgument: 'image',
  async run(context, { args: [reference = ''], options }) {
    const { api } = await context.connect('service');
    const look = { nowMs: Date.now(), truncate: !options.flag('no-trunc'), human: options.flag('human', true) };
    const rows = (await api.images.history({ reference })).map((entry) => historyRow(entry, look));
    if (options.flag('quiet')) context.print(...rows.map(({ ID }) => ID));
    else context.print(...formatList(rows, historyView, options.text('format')));
    return 0;
  },
};

import { anyNumber, type CommandSpec } from '../command/spec.ts';
import { psColumns } from '../../contract/ps-columns.ts';
import { formatList } from '../format/list.ts';
import { listFormat } from '../shared/format-option.ts';

export const command: CommandSpec = {
  usage: 'CONTAINER [OPTIONS OF PS]',
  description: 'Shows the processes of a running container.',
  options: [listFormat],
  examples: [
    { line: 'berth top web', does: 'The usual columns' },
    { line: 'berth top web aux', does: 'Those of ps(1) with aux' },
    { line: 'berth top web -o pid,user,args', does: 'Chosen columns of ps(1)' },
    { line: 'berth top --format json web', does: 'For programs' },
  ],
  args: [1, anyNumber],
  stopAtArgument: true,
  completeArgument: 'running',
  async run(context, { args: [id = '', ...rest], options }) {
    const { api } = await context.connect('running');
    const columns = psColumns(rest);
    const titles = columns.map(({ title }) => title);
    const { processes } = await api.containers.top({ id, columns: columns.map(({ column }) => column) });
    const rows = processes.map((cells) => Object.fromEntries(titles.map((title, i) => [title, cells[i] ?? ''])));
    const view = { columns: titles, titles: Object.fromEntries(titles.map((title) => [title, title])) };
    context.print(...formatList<Record<string, string>>(rows, view, options.text('format')));
    return 0;
  },
};

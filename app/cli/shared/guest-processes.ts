import type { Context } from '../context.ts';
import type { Options } from '../command/options.ts';
import { formatList } from '../format/list.ts';
import { guestProcessRow, guestProcessView } from '../views/guest-process-row.ts';

/** `ps --guest` */
export async function listGuestProcesses(context: Context, options: Options): Promise<number> {
  const { api } = await context.connect('running');
  const [processes, containers] = await Promise.all([api.guest.processes({}), api.containers.list({ all: false })]);
  if (options.flag('quiet')) {
    context.print(...processes.map(({ pid }) => String(pid)));
    return 0;
  }
  const names = new Map(containers.map(({ id, name }) => [id, name]));
  const rows = processes.map((process) => guestProcessRow(process, names, !options.flag('no-trunc')));
  context.print(...formatList(rows, guestProcessView, options.text('format')));
  return 0;
}

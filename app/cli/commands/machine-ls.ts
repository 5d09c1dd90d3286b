import type { CommandSpec } from '../command/spec.ts';
import { formatList } from '../format/list.ts';
import { listFormat, quietIds } from '../shared/format-option.ts';
import { machineRow, machineView } from '../views/machine-row.ts';

export const command: CommandSpec = {
  usage: '',
  description: 'Lists the virtual machines with their settings.',
  options: [quietIds, listFormat],
  examples: [{ line: 'berth machine ls', does: 'All' }],
  args: [0, 0],
  async run(context, { options }) {
    const { api } = await context.connect('service');
    const machines = await api.machines.list({});
    if (options.flag('quiet')) context.print(...machines.map(({ name }) => name));
    else context.print(...formatList(machines.map(machineRow), machineView, options.text('format')));
    return 0;
  },
};

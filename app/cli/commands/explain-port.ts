import type { CommandSpec } from '../command/spec.ts';
import { usageError } from '../command/usage-error.ts';
import { listFormat } from '../shared/format-option.ts';
import { showExplanation } from '../views/explanation.ts';

export const command: CommandSpec = {
  usage: 'PORT[/PROTOCOL]',
  description:
    'Follows a port of this machine to the program that answers it: listener, boundary of the VM, rule, container, process. Names the step that is broken, and what to do. Makes one connection to the container. Exit code 1 when it is broken.',
  options: [listFormat],
  examples: [
    { line: 'berth explain port 8080', does: 'Why nobody answers at localhost:8080' },
    { line: 'berth explain port --format json 5353/udp', does: 'For programs' },
  ],
  args: [1, 1],
  async run(context, { args: [wanted = ''], options }) {
    const [, digits, protocol] = /^([0-9]{1,5})(?:\/(tcp|udp))?$/.exec(wanted) ?? [];
    const port = Number(digits);
    if (!(port >= 1 && port <= 65_535))
      throw usageError(`${JSON.stringify(wanted)} is not a port`, 'Write PORT or PORT/udp.');
    const { api } = await context.connect('service');
    const explained = await api.explain.port({ port, protocol: protocol === 'udp' ? 'udp' : 'tcp' });
    return showExplanation(context, explained, options.text('format'));
  },
};

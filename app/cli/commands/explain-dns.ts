import type { CommandSpec } from '../command/spec.ts';
import { listFormat } from '../shared/format-option.ts';
import { showExplanation } from '../views/explanation.ts';

export const command: CommandSpec = {
  usage: 'NAME',
  description:
    "Looks a name up as a container does, and tells what each step knows: its hosts file, its name server, names of containers, this machine's own resolver. Names the step that is broken, and what to do. Exit code 1 when it is broken.",
  options: [
    {
      name: 'from',
      value: 'CONTAINER',
      help: 'Who asks (default: any on the default bridge)',
      complete: 'running',
    },
    listFormat,
  ],
  examples: [
    { line: 'berth explain dns --from web db', does: 'Why web does not find db' },
    { line: 'berth explain dns git.corp.example', does: "What this machine's resolver tells containers" },
  ],
  args: [1, 1],
  async run(context, { args: [name = ''], options }) {
    const from = options.text('from');
    const { api } = await context.connect('service');
    const explained = await api.explain.dns({ name, ...(from !== undefined && { from }) });
    return showExplanation(context, explained, options.text('format'));
  },
};

import type { CommandSpec } from '../command/spec.ts';

export const command: CommandSpec = {
  usage: 'CONTAINER',
  description: "Shows what a container has added (A), changed (C) and deleted (D) of its image's files.",
  options: [],
  examples: [{ line: 'berth diff web', does: 'Every path that differs' }],
  args: [1, 1],
  completeArgument: 'container',
  async run(context, { args: [id = ''] }) {
    const { api } = await context.connect('running');
    const changes = await api.containers.changes({ id });
    context.print(...changes.map(({ kind, path }) => `${kind} ${path}`));
    return 0;
  },
};

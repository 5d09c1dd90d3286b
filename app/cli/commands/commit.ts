import type { CommandSpec } from '../command/spec.ts';

export const command: CommandSpec = {
  usage: 'CONTAINER [REPOSITORY[:TAG]]',
  description: "Makes an image of a container's image and what the container has changed. Volumes are no part of it.",
  options: [
    { name: 'author', short: 'a', value: 'AUTHOR', help: 'Who made it' },
    {
      name: 'change',
      short: 'c',
      value: 'INSTRUCTION',
      list: true,
      help: 'Apply a Dockerfile instruction such as CMD or ENV',
    },
    { name: 'message', short: 'm', value: 'TEXT', help: 'A comment for its history' },
    { name: 'pause', short: 'p', help: 'Let the container stand still meanwhile (the default)' },
  ],
  examples: [
    { line: 'berth commit web web:patched', does: 'Keep what was changed by hand' },
    { line: `berth commit -c 'CMD ["nginx"]' -c 'ENV A=b' web web:2`, does: 'With another configuration' },
  ],
  args: [1, 2],
  completeArgument: 'container',
  async run(context, { args: [id = '', reference = ''], options }) {
    const client = await context.connect('running');
    const made = await client.api.containers.commit({
      id,
      reference,
      author: options.text('author') ?? '',
      comment: options.text('message') ?? '',
      changes: [...options.list('change')],
      pause: options.flag('pause', true),
    });
    context.print(made.id);
    return 0;
  },
};

import { anyNumber, type CommandSpec } from '../command/spec.ts';
import { usageError, badOptionExit } from '../command/usage-error.ts';
import { parseRestart, restartOption } from '../flags/health.ts';
import { readResources, resourceOptions, throttleOptions } from '../run/resource-options.ts';
import { forEach } from '../shared/for-each.ts';

export const command: CommandSpec = {
  usage: 'CONTAINER...',
  description: 'Changes limits of containers, at once when they run, and their restart policies.',
  options: [...resourceOptions, ...throttleOptions, restartOption],
  examples: [
    { line: 'berth update --memory 256m --cpus 2 web', does: 'Let it have more' },
    { line: 'berth update --device-write-bps /dev/vdb:10m web', does: 'Let it write less' },
  ],
  args: [1, anyNumber],
  completeArgument: 'container',
  async run(context, { args, options }) {
    const resources = readResources(options);
    const policy = options.text('restart');
    if (Object.keys(resources).length === 0 && policy === undefined)
      throw usageError('nothing to change was given', "See 'berth update --help' for the options.", badOptionExit);
    const { api } = await context.connect('running');
    return forEach(context, args, async (id) => {
      const { warnings } = await api.containers.update({
        ...{ id, resources },
        ...(policy !== undefined && { restart: parseRestart(policy) }),
      });
      for (const warning of warnings) context.note(`warning: ${warning}`);
      return id;
    });
  },
};

import { anyNumber, type CommandSpec } from '../command/spec.ts';
import { parseInteger } from '../flags/numbers.ts';
import { forEach } from '../shared/for-each.ts';
import { quietStart } from '../shared/format-option.ts';

export const command: CommandSpec = {
  usage: '[CONTAINER...]',
  description: 'Stops and starts containers. Without names: the engine, so that changed settings count.',
  options: [
    { name: 'time', short: 't', value: 'SECONDS', help: 'How long a container may take to stop (default 10)' },
    { name: 'timeout', value: 'SECONDS', help: 'Same as --time' },
    quietStart,
  ],
  examples: [
    { line: 'berth restart web', does: 'Restart a container' },
    { line: 'berth restart', does: 'Restart the engine' },
  ],
  args: [0, anyNumber],
  completeArgument: 'container',
  async run(context, { args, options }) {
    if (args.length === 0) {
      const { startAndTell, stopEngine } = await import('../shared/engine-control.ts');
      await stopEngine(context, { force: false, service: false });
      return startAndTell(context, options.flag('quiet'));
    }
    const time = options.text('time') ?? options.text('timeout');
    const timeoutSeconds = time === undefined ? undefined : parseInteger(time, '--time', { from: -1 });
    const { api } = await context.connect('running');
    return forEach(context, args, async (id) => {
      await api.containers.restart({ id, timeoutSeconds });
      return id;
    });
  },
};

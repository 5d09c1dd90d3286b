import { anyNumber, type CommandSpec } from '../command/spec.ts';
import { parseInteger } from '../flags/numbers.ts';
import { parseSignal } from '../flags/signals.ts';
import { forEach } from '../shared/for-each.ts';
import { usageError, badOptionExit } from '../command/usage-error.ts';

export const command: CommandSpec = {
  usage: '[CONTAINER...]',
  description:
    'Asks containers to end by their stop signal, and kills them when they take too long. Without names: stops the\n' +
    'engine, its containers first.',
  options: [
    { name: 'time', short: 't', value: 'SECONDS', help: 'How long a container may take (default 10)' },
    { name: 'timeout', value: 'SECONDS', help: 'Same as --time' },
    { name: 'signal', short: 's', value: 'SIGNAL', help: 'Signal to ask with' },
    { name: 'force', help: 'The engine: without asking anyone, like pulling the plug' },
    { name: 'service', help: 'The engine: end the host service and all machines too' },
  ],
  examples: [
    { line: 'berth stop web', does: 'Stop a container' },
    { line: 'berth stop -t 1 web db', does: 'Give them one second' },
    { line: 'berth stop', does: 'Stop the engine' },
  ],
  args: [0, anyNumber],
  completeArgument: 'running',
  async run(context, { args, options }) {
    if (args.length === 0) {
      const { stopEngine } = await import('../shared/engine-control.ts');
      await stopEngine(context, { force: options.flag('force'), service: options.flag('service') });
      return 0;
    }
    if (options.flag('force') || options.flag('service'))
      throw usageError(
        '--force and --service are for the engine',
        'Leave the container names out, or use "berth kill".',
        badOptionExit,
      );
    const time = options.text('time') ?? options.text('timeout');
    const timeoutSeconds = time === undefined ? undefined : parseInteger(time, '--time', { from: -1 });
    const signal = options.text('signal');
    const ask = signal === undefined ? undefined : parseSignal(signal);
    const { api } = await context.connect('running');
    return forEach(context, args, async (id) => {
      await api.containers.stop({ id, timeoutSeconds, signal: ask });
      return id;
    });
  },
};

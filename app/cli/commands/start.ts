import type { Context } from '../context.ts';
import { anyNumber, type CommandSpec, type Input } from '../command/spec.ts';
import { usageError } from '../command/usage-error.ts';
import { checkTerminal, joinContainer, sessionOptions, wantedStreams } from '../run/attached.ts';
import { forEach } from '../shared/for-each.ts';
import { detachKeysOption, quietStart, sigProxyOption } from '../shared/format-option.ts';

export const command: CommandSpec = {
  usage: '[CONTAINER...]',
  description: 'Starts containers (and the engine, when it does not run). Without names: starts the engine alone.',
  options: [
    { name: 'attach', short: 'a', help: 'Show its output and pass its exit code on' },
    { name: 'interactive', short: 'i', help: 'Attach standard input too' },
    detachKeysOption,
    sigProxyOption,
    quietStart,
  ],
  examples: [
    { line: 'berth start', does: 'Start the engine' },
    { line: 'berth start web db', does: 'Start two containers' },
    { line: 'berth start -ai box', does: 'Start one and join its terminal' },
  ],
  args: [0, anyNumber],
  completeArgument: 'container',
  async run(context, input) {
    const { args, options } = input;
    const quiet = options.flag('quiet');
    if (args.length === 0) {
      const { startAndTell } = await import('../shared/engine-control.ts');
      return startAndTell(context, quiet);
    }
    if (options.flag('attach') || options.flag('interactive')) return startAttached(context, input);
    const { api } = await context.connect('engine', quiet);
    return forEach(context, args, async (id) => {
      await api.containers.start({ id, attach: false });
      return id;
    });
  },
};

async function startAttached(context: Context, { args, options }: Input): Promise<number> {
  const [id = ''] = args;
  if (args.length > 1) throw usageError('only one container can be attached', 'Name one, or leave -a and -i out.');
  const client = await context.connect('engine', options.flag('quiet'));
  const { containers } = client.api;
  const { spec } = await containers.inspect({ id });
  const wanted = wantedStreams([], options.flag('interactive') && spec.openStdin);
  checkTerminal(wanted, spec.tty);
  const session = sessionOptions(options, wanted, spec.tty);
  const { stream } = await containers.start({ id, attach: true });
  return joinContainer(client, id, stream, session);
}

import { EngineError } from '../../base/error.ts';
import type { CommandSpec } from '../command/spec.ts';
import { checkTerminal, joinContainer, sessionOptions, wantedStreams } from '../run/attached.ts';
import { detachKeysOption, sigProxyOption } from '../shared/format-option.ts';

export const command: CommandSpec = {
  usage: 'CONTAINER',
  description:
    "Joins a running container's terminal or pipes, and passes its exit code on. ctrl-p ctrl-q leaves a terminal.",
  options: [{ name: 'no-stdin', help: 'Only look on' }, detachKeysOption, sigProxyOption],
  examples: [
    { line: 'berth attach box', does: 'Join its terminal' },
    { line: 'berth attach --no-stdin --sig-proxy=false web', does: 'See its output; ctrl-c leaves it running' },
  ],
  args: [1, 1],
  completeArgument: 'running',
  async run(context, { args: [id = ''], options }) {
    const client = await context.connect('running');
    const { containers } = client.api;
    const { name, spec, state } = await containers.inspect({ id });
    if (state.status !== 'running')
      throw new EngineError('wrong-state', `${name} is not running: it is ${state.status}.`, {
        hint: `Start it with "berth start -a ${name}".`,
      });
    const wanted = wantedStreams([], spec.openStdin && !options.flag('no-stdin'));
    checkTerminal(wanted, spec.tty);
    const { stream } = await containers.attach({ id, stdin: wanted.stdin });
    return joinContainer(client, id, stream, sessionOptions(options, wanted, spec.tty));
  },
};

import { isatty } from 'node:tty';
import { anyNumber, type CommandSpec } from '../command/spec.ts';
import { joinStreams } from '../run/attached.ts';
import { standardOutput } from '../output.ts';
import { quietStart } from '../shared/format-option.ts';
import { EngineError } from '../../base/error.ts';

export const command: CommandSpec = {
  usage: '[--] [COMMAND] [ARG...]',
  description: 'Runs a command in the guest itself, as its root; without one, a shell. Its exit code is passed on.',
  options: [{ name: 'tty', short: 't', help: 'A terminal (default: when ours are terminals)' }, quietStart],
  examples: [
    { line: 'berth ssh', does: 'A shell in the guest' },
    { line: 'berth ssh -- uname -a', does: 'One command' },
  ],
  args: [0, anyNumber],
  stopAtArgument: true,
  async run(context, { args, options }) {
    const out = standardOutput();
    const tty = options.flag('tty', isatty(1) && args.length === 0) && isatty(0);
    const client = await context.connect('engine', options.flag('quiet'));
    const { stream } = await client.api.engine.shell({
      argv: args.length > 0 ? [...args] : ['sh', '-l'],
      tty,
      rows: out.isTTY ? out.rows : 24,
      columns: out.isTTY ? out.columns : 80,
    });
    const session = {
      ...{ tty, stdin: true, stdout: true, stderr: true, detachKeys: new Uint8Array() },
      sendSignal: (signal: string) => client.api.engine.signalShell({ stream, signal }),
    };
    return joinStreams(client, stream, session, () => Promise.reject(lost()));
  },
};

function lost(): EngineError {
  return new EngineError('unreachable', 'The connection to the guest was lost.', { hint: 'See "berth status".' });
}

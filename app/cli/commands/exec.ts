import { anyNumber, type CommandSpec } from '../command/spec.ts';
import type { Options } from '../command/options.ts';
import { envOption, parseEnv, parseEnvFile } from '../flags/env.ts';
import { checkTerminal, joinStreams, sessionOptions, wantedStreams } from '../run/attached.ts';
import { ownHost } from '../run/host.ts';
import { detachKeysOption, quietStart } from '../shared/format-option.ts';

export const command: CommandSpec = {
  usage: 'CONTAINER COMMAND [ARG...]',
  description: 'Runs a further process in a running container, in all its namespaces; its exit code is passed on.',
  options: [
    { name: 'interactive', short: 'i', help: 'Keep standard input open' },
    { name: 'tty', short: 't', help: 'Give the process a terminal' },
    { name: 'detach', short: 'd', help: 'Leave it running' },
    envOption,
    { name: 'env-file', value: 'FILE', list: true, help: 'Read environment variables from a file', complete: 'file' },
    { name: 'workdir', short: 'w', value: 'DIR', help: 'Working directory inside' },
    { name: 'user', short: 'u', value: 'USER[:GROUP]', help: 'User by name or id' },
    { name: 'privileged', help: 'With all capabilities of the container' },
    detachKeysOption,
    quietStart,
  ],
  examples: [
    { line: 'berth exec -it web sh', does: 'A shell in it' },
    { line: 'berth exec web cat /etc/hosts', does: 'One command' },
    { line: 'berth exec -u 1000 -w /tmp web id', does: 'As another user, elsewhere' },
  ],
  args: [2, anyNumber],
  stopAtArgument: true,
  completeArgument: 'running',
  async run(context, { args: [container = '', ...argv], options }) {
    const tty = options.flag('tty');
    const wanted = wantedStreams([], options.flag('interactive'));
    const detached = options.flag('detach');
    if (!detached) checkTerminal(wanted, tty);
    const session = sessionOptions(options, wanted, tty);
    const spec = {
      container,
      argv,
      env: execEnv(options, context.env),
      workdir: options.text('workdir') ?? '',
      user: options.text('user') ?? '',
      tty,
      openStdin: wanted.stdin,
      privileged: options.flag('privileged'),
    };
    const client = await context.connect('engine', options.flag('quiet'));
    const { execs } = client.api;
    const { id } = await execs.create(spec);
    const { stream } = await execs.start({ id, attach: !detached });
    if (detached) return 0;
    const wait = async () => (await execs.wait({ id })).exitCode;
    return stream === undefined ? wait() : joinStreams(client, stream, session, wait);
  },
};

function execEnv(options: Options, own: NodeJS.ProcessEnv): string[] {
  const host = ownHost(own);
  const fromFiles = options
    .list('env-file')
    .flatMap((path) => parseEnvFile(host.readFile(path, '--env-file'), own, path));
  return [...fromFiles, ...options.list('env').map((text) => parseEnv(text, own))];
}

import { isatty } from 'node:tty';
import { EngineError } from '../../base/error.ts';
import { anyNumber, type CommandSpec, type OptionSpec } from '../command/spec.ts';
import { envOption, parseEnv } from '../flags/env.ts';
import { joinStreams } from '../run/attached.ts';
import { quietStart } from '../shared/format-option.ts';
import { exitCode } from '../exit-code.ts';

const kinds = ['mount', 'uts', 'ipc', 'net', 'pid', 'user', 'cgroup'] as const;
const shorts: Readonly<Record<(typeof kinds)[number], string>> = {
  mount: 'm',
  uts: 'u',
  ipc: 'i',
  net: 'n',
  pid: 'p',
  user: 'U',
  cgroup: 'C',
};

const namespaceOptions: readonly OptionSpec[] = kinds.map((name) => ({
  name,
  short: shorts[name],
  help: `A new ${name} namespace`,
}));

export const command: CommandSpec = {
  usage: '[COMMAND] [ARG...]',
  description:
    'Runs a command of the guest (a shell, without one) in just the new namespaces that are named, with no image: the\n' +
    'bare primitive under every container. Options are those of unshare(1).',
  options: [
    ...namespaceOptions,
    { name: 'fork', short: 'f', help: 'Run it as a child, so that it is pid 1 of a new pid namespace' },
    { name: 'mount-proc', help: 'Mount its own /proc (implies --mount)' },
    { name: 'map-root-user', short: 'r', help: 'Root inside is the caller outside (implies --user)' },
    { name: 'hostname', value: 'NAME', help: 'Set a host name (implies --uts)' },
    envOption,
    quietStart,
  ],
  examples: [
    { line: 'berth unshare --pid --mount-proc --fork sh', does: 'ps in it shows itself as pid 1' },
    { line: 'berth ps --guest', does: 'Meanwhile: the real pid of that shell' },
    { line: 'berth unshare --net ip addr', does: 'A network namespace has only its loopback' },
    { line: 'berth unshare --uts --hostname box hostname', does: 'A name of its own' },
  ],
  args: [0, anyNumber],
  stopAtArgument: true,
  failureExit: exitCode.berth,
  async run(context, { args, options }) {
    const implied = (name: string) =>
      (name === 'mount' && options.flag('mount-proc')) ||
      (name === 'user' && options.flag('map-root-user')) ||
      (name === 'uts' && options.has('hostname'));
    const tty = isatty(0) && isatty(1);
    const client = await context.connect('engine', options.flag('quiet'));
    const { id, stream } = await client.api.guest.unshare({
      namespaces: kinds.filter((name) => options.flag(name) || implied(name)),
      fork: options.flag('fork'),
      mountProc: options.flag('mount-proc'),
      mapRootUser: options.flag('map-root-user'),
      hostname: options.text('hostname') ?? '',
      argv: args.length > 0 ? [...args] : ['sh'],
      env: options.list('env').map((text) => parseEnv(text, context.env)),
      tty,
    });
    const session = {
      ...{ tty, stdin: true, stdout: true, stderr: true, detachKeys: new Uint8Array() },
      sendSignal: (signal: string) => client.api.execs.kill({ id, signal }),
    };
    return joinStreams(client, stream, session, () => Promise.reject(lost()));
  },
};

function lost(): EngineError {
  return new EngineError('unreachable', 'The connection to the guest was lost.', { hint: 'See "berth status".' });
}

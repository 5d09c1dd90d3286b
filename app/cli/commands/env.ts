import { dockerHost, dockerSocketPath } from '../../contract/docker-socket.ts';
import { hostPlatform, ownStateDirs } from '../../base/platform.ts';
import { badFlag } from '../command/usage-error.ts';
import type { CommandSpec } from '../command/spec.ts';

const lines: Readonly<Record<string, (host: string) => string>> = {
  sh: (host) => `export DOCKER_HOST=${quoted(host)}`,
  fish: (host) => `set -gx DOCKER_HOST ${quoted(host)}`,
  powershell: (host) => `$Env:DOCKER_HOST = '${host.replaceAll("'", "''")}'`,
};

export const command: CommandSpec = {
  usage: '',
  description: 'Prints what makes `docker` and other tools of this shell use this engine. Nothing is changed.',
  options: [
    {
      name: 'shell',
      value: 'SHELL',
      help: 'sh, fish or powershell (default: by $SHELL)',
      complete: ['sh', 'fish', 'powershell'],
    },
  ],
  examples: [
    { line: 'eval "$(berth env)"', does: 'For sh, bash and zsh' },
    { line: 'berth env --shell fish | source', does: 'For fish' },
  ],
  args: [0, 0],
  run(context, { options }) {
    const { os } = hostPlatform();
    const shell = options.text('shell') ?? usualShell(os, context.env['SHELL'] ?? '');
    const line = lines[shell];
    if (line === undefined)
      throw badFlag('--shell', shell, 'it is not a shell known here', 'Use sh, fish or powershell.');
    context.print(line(dockerHost(dockerSocketPath(ownStateDirs(), os, context.globals.machine), os)));
    return Promise.resolve(0);
  },
};

function usualShell(os: string, path: string): string {
  if (os === 'win32') return 'powershell';
  return path.endsWith('/fish') ? 'fish' : 'sh';
}

function quoted(text: string): string {
  return /^[\w./:-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

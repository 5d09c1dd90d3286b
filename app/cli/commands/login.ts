import { readFileSync } from 'node:fs';
import type { CommandSpec } from '../command/spec.ts';
import { usageError } from '../command/usage-error.ts';
import { askLine, askSecret } from '../shared/ask.ts';

export const command: CommandSpec = {
  usage: '[REGISTRY]',
  description:
    'Tells a registry (Docker Hub, unless another is named) who you are, and remembers it once the registry has agreed:\n' +
    "by the credential helper of Docker's configuration, or in that file. The password is asked for, or comes by a pipe.",
  options: [
    { name: 'username', short: 'u', value: 'NAME', help: 'Your name there' },
    { name: 'password-stdin', help: 'Read the password, or an access token, from standard input' },
  ],
  examples: [
    { line: 'berth login', does: 'Docker Hub' },
    { line: 'berth login -u ada --password-stdin ghcr.io < token', does: 'For scripts' },
  ],
  args: [0, 1],
  async run(context, { args: [serverAddress = ''], options }) {
    const piped = options.flag('password-stdin');
    if (!piped && !process.stdin.isTTY)
      throw usageError('the password cannot be asked for: standard input is not a terminal', 'Use --password-stdin.');
    const given = options.text('username');
    if (piped && given === undefined) throw usageError('--password-stdin needs --username', 'Add -u NAME.');
    const username = given ?? (await askLine('Username: '));
    const password = piped ? readFileSync(0, 'utf8').replace(/\r?\n$/, '') : await askSecret('Password: ');
    if (username === '' || password === '')
      throw usageError('a user name and a password are needed', 'Give both; an access token serves as password.');
    const { api } = await context.connect('service');
    const { serverAddress: registry, storedIn } = await api.images.login({ serverAddress, username, password });
    context.note(`Kept by ${storedIn}.`);
    context.print(`Login Succeeded: ${registry}`);
    return 0;
  },
};

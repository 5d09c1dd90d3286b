import { hostPlatform, ownStateDirs } from '../../base/platform.ts';
import { dockerHost, dockerSocketPath } from '../../contract/docker-socket.ts';
import type { CommandSpec } from '../command/spec.ts';
import { DockerContexts, contextName } from '../docker/context-files.ts';

export const command: CommandSpec = {
  usage: '',
  description:
    'Gives the `docker` command a context for this engine. The context in use stays as it is, and so does /var/run/docker.sock.',
  options: [{ name: 'use', help: 'Make it the context in use, too' }],
  examples: [
    { line: 'berth context install', does: 'Then: docker --context berth ps' },
    { line: 'berth context install --use', does: 'Every `docker` uses this engine from now on' },
  ],
  args: [0, 0],
  async run(context, { options }) {
    const { machine } = context.globals;
    const { os } = hostPlatform();
    const name = contextName(machine);
    const contexts = new DockerContexts(context.env);
    const host = dockerHost(dockerSocketPath(ownStateDirs(), os, machine), os);
    await contexts.install(name, `Berth, machine ${machine}`, host);
    if (options.flag('use')) await contexts.use(name);
    context.print(name);
    return 0;
  },
};

import type { CommandSpec } from '../command/spec.ts';
import { DockerContexts, contextName } from '../docker/context-files.ts';

export const command: CommandSpec = {
  usage: '',
  description: 'Takes the context of this engine away from the `docker` command; harmless when there is none.',
  options: [],
  examples: [{ line: 'berth context rm', does: 'Removes the context "berth"' }],
  args: [0, 0],
  async run(context) {
    const name = contextName(context.globals.machine);
    await new DockerContexts(context.env).remove(name);
    context.print(name);
    return 0;
  },
};

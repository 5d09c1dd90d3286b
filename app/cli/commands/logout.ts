import type { CommandSpec } from '../command/spec.ts';

export const command: CommandSpec = {
  usage: '[REGISTRY]',
  description: "Forgets who you are at a registry (Docker Hub, unless another is named): 'berth login' undone.",
  options: [],
  examples: [{ line: 'berth logout ghcr.io', does: 'Forget it' }],
  args: [0, 1],
  async run(context, { args: [serverAddress = ''] }) {
    const { api } = await context.connect('service');
    const { serverAddress: registry, removed } = await api.images.logout({ serverAddress });
    context.print(removed ? `Removed the credentials for ${registry}` : `Not logged in to ${registry}`);
    return 0;
  },
};

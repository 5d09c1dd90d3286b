import type { CommandSpec } from '../command/spec.ts';
import { usageError } from '../command/usage-error.ts';
import { completionScripts } from '../completion/scripts.ts';

const shells = Object.keys(completionScripts);

export const command: CommandSpec = {
  usage: 'bash|zsh|fish',
  description: 'Prints a script that completes commands, options and names.',
  options: [],
  examples: [
    { line: 'source <(berth completion bash)', does: 'bash, in ~/.bashrc' },
    { line: 'berth completion zsh > "${fpath[1]}/_berth"', does: 'zsh' },
    { line: 'berth completion fish > ~/.config/fish/completions/berth.fish', does: 'fish' },
  ],
  args: [1, 1],
  completeArgument: shells,
  run(context, { args: [shell = ''] }) {
    const script = completionScripts[shell];
    if (script === undefined) throw usageError(`there is no completion for ${shell}`, `Use ${shells.join(', ')}.`);
    context.print(script);
    return Promise.resolve(0);
  },
};

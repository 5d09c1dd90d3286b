import type { Context } from '../context.ts';
import type { Input } from '../command/spec.ts';
import { hasColours, standardOutput } from '../output.ts';
import { pullPolicy, withImage } from './image.ts';
import { readRun, withVolumesFrom } from './make.ts';

/** `run --explain`: the plan, one kernel operation a line with the reason below. */
export async function explain(context: Context, input: Input): Promise<number> {
  const asked = readRun(context, input, false);
  const client = await context.connect('engine', input.options.flag('quiet'));
  const config = await withVolumesFrom(client, input, asked);
  const image = { config, policy: pullPolicy(input.options), quiet: input.options.flag('quiet') };
  const { ops, warnings } = await withImage(client, image, () => client.api.containers.explain({ config }));
  for (const warning of warnings) context.note(`warning: ${warning}`);
  if (input.options.flag('json')) {
    context.print(JSON.stringify(ops, undefined, 2));
    return 0;
  }
  const dim = hasColours(standardOutput(), context.env)
    ? (text: string) => `\x1b[2m${text}\x1b[0m`
    : (text: string) => text;
  const digits = String(ops.length).length;
  for (const { index, actor, op, detail, why } of ops) {
    context.print(`${String(index).padStart(digits)}  ${actor.padEnd(9)}  ${op}: ${detail}`);
    if (why !== '') context.print(dim(`${' '.repeat(digits + 13)}${why}`));
  }
  return 0;
}

import type { Context } from '../context.ts';
import { formatInspect } from '../format/list.ts';
import { describeKernel } from '../views/kernel.ts';
import { forEach } from './for-each.ts';

export async function inspectKernel(
  context: Context,
  names: readonly string[],
  format: string | undefined,
): Promise<number> {
  const { api } = await context.connect('running');
  return forEach(context, names, async (id) => {
    const view = await api.containers.kernel({ id });
    return (format === undefined ? describeKernel(view) : formatInspect([view], format)).join('\n');
  });
}

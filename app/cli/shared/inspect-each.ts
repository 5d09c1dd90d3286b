import type { Context } from '../context.ts';
import { formatInspect } from '../format/list.ts';
import { forEach } from './for-each.ts';

/** Looks each name up; what is found is printed in one list, what is not is told. @returns the exit code */
export async function inspectEach(
  context: Context,
  names: readonly string[],
  format: string | undefined,
  look: (name: string) => Promise<object>,
): Promise<number> {
  const found: object[] = [];
  const code = await forEach(context, names, async (name) => {
    found.push(await look(name));
    return undefined;
  });
  if (found.length > 0 || format === undefined) context.print(...formatInspect(found, format));
  return code;
}

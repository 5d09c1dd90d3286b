import type { Context } from '../context.ts';
import { describeError } from '../describe-error.ts';
import { exitCodeOf } from '../exit-code.ts';
import { standardError } from '../output.ts';

/** Does something to each name; a failure is told and the others still have their turn. @returns the exit code */
export async function forEach(
  context: Context,
  names: readonly string[],
  action: (name: string) => Promise<string | undefined>,
): Promise<number> {
  let code = 0;
  for (const name of names) {
    try {
      const line = await action(name);
      if (line !== undefined) context.print(line);
    } catch (error) {
      context.note(describeError(error, { terminal: standardError().isTTY, debug: context.globals.debug }));
      code = exitCodeOf(error, 1);
    }
  }
  return code;
}

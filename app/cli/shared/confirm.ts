import { standardError } from '../output.ts';
import { usageError } from '../command/usage-error.ts';

/** Asks a person; `y` or `yes` goes on. @throws EngineError when nobody can be asked. */
export async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw usageError(
      'this needs a yes, and standard input is not a terminal',
      'Add --force to go on without being asked.',
    );
  const { createInterface } = await import('node:readline/promises');
  const reader = createInterface({ input: process.stdin, output: standardError() });
  try {
    const answer = await reader.question(`${question} [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    reader.close();
  }
}

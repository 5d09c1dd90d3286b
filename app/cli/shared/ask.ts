/** Questions to a person at the terminal. */
import { EngineError } from '../../base/error.ts';
import { standardError } from '../output.ts';
import { rawMode } from '../terminal/raw-mode.ts';

export async function askLine(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const reader = createInterface({ input: process.stdin, output: standardError() });
  try {
    return (await reader.question(question)).trim();
  } finally {
    reader.close();
  }
}

/** What is typed is not shown. @throws EngineError `cancelled` at Ctrl-C */
export async function askSecret(question: string): Promise<string> {
  const { stdin } = process;
  const raw = rawMode(stdin);
  standardError().write(question);
  const typed: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const take = (chunk: Buffer): void => {
    for (const key of chunk.toString()) {
      if (key === '\r' || key === '\n' || key === '\x04') resolve(typed.join(''));
      else if (key === '\x03') reject(new EngineError('cancelled', 'Interrupted: nothing was stored.'));
      else if (key === '\x7f' || key === '\b') typed.pop();
      else typed.push(key);
    }
  };
  stdin.on('data', take).resume();
  try {
    return await promise;
  } finally {
    stdin.off('data', take).pause();
    raw[Symbol.dispose]();
    standardError().write('\n');
  }
}

/** A pseudo-terminal around a program, by Python's pty module (Debian has it; Node has none of its own). */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { until } from './until.ts';

export interface Terminal {
  type(text: string): void;
  resize(rows: number, columns: number): void;
  /** Resolves when what was printed since the last call matches. */
  seen(pattern: RegExp): Promise<void>;
  readonly exited: Promise<number>;
  kill(): void;
}

export function terminal(file: string, args: readonly string[], size: { rows: number; columns: number }): Terminal {
  const driver = fileURLToPath(new URL('./terminal.py', import.meta.url));
  const child = spawn('python3', [driver, String(size.rows), String(size.columns), file, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let printed = '';
  let from = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const exited = new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? -1)));
  const send = (message: object): unknown => child.stdin.write(JSON.stringify(message) + '\n');
  return {
    type: (text) => void send({ type: text }),
    resize: (rows, columns) => void send({ resize: [rows, columns] }),
    seen: async (pattern) => {
      await until(`${String(pattern)} in ${JSON.stringify(printed.slice(from))}`, () =>
        pattern.test(printed.slice(from)),
      );
      from = printed.length;
    },
    exited,
    kill: () => void child.kill('SIGKILL'),
  };
}

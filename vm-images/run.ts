/** Runs one tool of the build host; its output is kept for the error alone. */
import { spawn } from 'node:child_process';
import { EngineError } from '../guest-agent/protocol/errors.ts';

const KEPT_OUTPUT = 4000;

export interface RunOptions {
  readonly cwd?: string;
  readonly signal?: AbortSignal;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Written to the tool's standard input. */
  readonly input?: string | Uint8Array;
}

/**
 * @returns the tool's standard output.
 * @throws EngineError `unsupported` when the tool is not installed, `operation-failed` when it exits other than 0,
 *   `cancelled` when the signal fires.
 */
export function run(tool: string, args: readonly string[], options: RunOptions = {}): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn(tool, args, { cwd: options.cwd, env: options.env, signal: options.signal, stdio: 'pipe' });
    const out: Buffer[] = [];
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => (err = (err + chunk.toString()).slice(-KEPT_OUTPUT)));
    child.on('error', (cause: NodeJS.ErrnoException) => reject(notStarted(tool, cause)));
    child.on('close', (code, killedBy) => {
      if (code === 0) resolve(Buffer.concat(out));
      else
        reject(failed(tool, code ?? killedBy ?? 'unknown', err || Buffer.concat(out).toString().slice(-KEPT_OUTPUT)));
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input);
  });
}

function notStarted(tool: string, cause: NodeJS.ErrnoException): EngineError {
  if (cause.name === 'AbortError')
    return new EngineError('cancelled', `${tool} was cancelled.`, { hint: 'Run the build again.', cause });
  const hint =
    cause.code === 'ENOENT' ? `Install ${tool}; scripts/setup.mjs lists the system packages.` : 'Look at the cause.';
  return new EngineError('unsupported', `${tool} could not be started: ${cause.message}`, { hint, cause });
}

function failed(tool: string, status: number | string, output: string): EngineError {
  return new EngineError('operation-failed', `${tool} failed (${status}): ${output.trim()}`, {
    hint: `The lines above are ${tool}'s own; a failed download is worth a second try.`,
  });
}

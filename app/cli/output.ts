import type { Writable } from 'node:stream';
import { exitCode } from './exit-code.ts';

/** Opening the standard streams costs as much as a small command: it is done at first use. */
const used = new Set<NodeJS.WriteStream>();

export function standardOutput(): NodeJS.WriteStream {
  if (!used.has(process.stdout)) process.stdout.on('error', endQuietly);
  used.add(process.stdout);
  return process.stdout;
}

export function standardError(): NodeJS.WriteStream {
  if (!used.has(process.stderr)) process.stderr.on('error', endQuietly);
  used.add(process.stderr);
  return process.stderr;
}

export function print(...lines: readonly string[]): void {
  if (lines.length > 0) standardOutput().write(`${lines.join('\n')}\n`);
}

export function note(...lines: readonly string[]): void {
  if (lines.length > 0) standardError().write(`${lines.join('\n')}\n`);
}

/** Whether to colour what goes there (see no-color.org). */
export function hasColours(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}

/** Resolves when all that was written has been handed to the system. */
export async function flushed(): Promise<void> {
  await Promise.all([...used].map(drained));
}

function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}

function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(exitCode.brokenPipe);
}

/**
 * Drives the real `berth` command against a real machine: what a user would type, and what the user would see. Tests of
 * test/e2e share one host service and one boot, made by test/e2e/setup.ts (BERTH_HOME is set there).
 */
import { spawn } from 'node:child_process';
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

export const berthScript = fileURLToPath(new URL('../../scripts/berth', import.meta.url));

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Record<string, string>;
  readonly limitMs?: number;
  readonly cwd?: string;
  /** Another user, by id; only root can. */
  readonly uid?: number;
  readonly gid?: number;
}

/** Runs a program to its end; a program that outlives the limit is killed and the promise rejects. */
export function command(file: string, args: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const child = spawn(file, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    cwd: options.cwd,
    ...(options.uid !== undefined && { uid: options.uid }),
    ...(options.gid !== undefined && { gid: options.gid }),
    timeout: options.limitMs ?? 120_000,
    killSignal: 'SIGKILL',
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  child.on('error', reject);
  child.on('close', (code, signal) => {
    const outcome = {
      code: code ?? -1,
      stdout: Buffer.concat(stdout).toString(),
      stderr: Buffer.concat(stderr).toString(),
    };
    if (signal === 'SIGKILL') reject(new Error(`${file} ${args.join(' ')}: over its time limit; ${outcome.stderr}`));
    else resolve(outcome);
  });
  return promise;
}

/** The `berth` command, any outcome. */
export function berth(args: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
  return command(berthScript, args, options);
}

/** The `berth` command, which must succeed; answers its standard output without the last line feed. */
export async function ok(args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const outcome = await berth(args, options);
  assert.equal(outcome.code, 0, `berth ${args.join(' ')}\n${outcome.stderr}${outcome.stdout}`);
  return outcome.stdout.replace(/\n$/, '');
}

/** `berth run --rm busybox sh -c SCRIPT`. */
export function inside(script: string, ...flags: string[]): Promise<string> {
  return ok(['run', '--rm', ...flags, 'busybox', 'sh', '-c', script]);
}

/** A shell command in the guest, as root. */
export function guest(script: string): Promise<string> {
  return ok(['ssh', '--', 'sh', '-c', script]);
}

/** Starts a container in the background and removes it, whatever comes, when the test is over. */
export async function detached(
  t: { after(fn: () => Promise<unknown>): void },
  flags: readonly string[],
  argv: readonly string[],
): Promise<string> {
  const id = await ok(['run', '-d', ...flags, 'busybox', ...argv]);
  t.after(() => berth(['rm', '-f', '-v', id]));
  return id;
}

/** The command fails with this exit code and one line on standard error that matches and says what to do next. */
export async function refused(args: readonly string[], code: number, message: RegExp): Promise<void> {
  const outcome = await berth(args);
  assert.match(outcome.stderr, message, `berth ${args.join(' ')}: exit ${outcome.code}`);
  assert.equal(outcome.code, code, outcome.stderr);
  assert.equal(outcome.stderr.trim().split('\n').length, 1, `more than one line: ${outcome.stderr}`);
  assert.match(outcome.stderr, / — \S/, 'no next step');
}

/** One value of an inspect, by path. */
export async function inspect(id: string, template: string): Promise<string> {
  return ok(['inspect', '--format', template, id]);
}

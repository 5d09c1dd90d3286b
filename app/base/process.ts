import { execFile, spawn, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { delay, pollUntil } from './deadline.ts';
import { EngineError } from './error.ts';
import type { HostOs } from './platform.ts';
import { startTimeOf } from './process-identity.ts';

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RunningProcess {
  readonly pid: number;
  readonly stdout: Readable | null;
  readonly exited: Promise<ProcessExit>;
}

export interface StartOptions {
  readonly stdio: StdioOptions;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/**
 * Starts a program as the head of its own process group (so that a Ctrl-C at our terminal does not reach it, and
 * `endProcess` takes its children along). Resolves once it runs.
 * @throws EngineError `no-such-path` or `permission-denied` when it cannot be started.
 */
export async function startProcess(
  command: string,
  args: readonly string[],
  options: StartOptions,
): Promise<RunningProcess> {
  const child = spawn(command, args, { ...options, detached: true, windowsHide: true });
  const exited = new Promise<ProcessExit>((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  try {
    await once(child, 'spawn');
  } catch (cause) {
    const denied = cause instanceof Error && 'code' in cause && cause.code === 'EACCES';
    throw new EngineError(denied ? 'permission-denied' : 'no-such-path', `${command} could not be started.`, { cause });
  }
  const { pid } = child;
  if (pid === undefined) throw new EngineError('internal', `${command} started without a process number.`);
  return { pid, stdout: child.stdout, exited };
}

/**
 * Ends a process and its group: asked to end, and after `patience` milliseconds made to. Resolves once it is gone.
 * The caller vouches that the number still means that process (`livePid`, or its own child).
 */
export async function endProcess(pid: number, hostOs: HostOs, patience: number): Promise<void> {
  if (patience > 0 && hostOs !== 'win32') {
    signalGroup(pid, 'SIGTERM');
    if (await goneWithin(pid, hostOs, patience)) return;
  }
  if (hostOs === 'win32') await taskkill(pid);
  else signalGroup(pid, 'SIGKILL');
  if (!(await goneWithin(pid, hostOs, 10_000)))
    throw new EngineError('internal', `Process ${pid} did not end although it was killed.`, {
      hint: 'It waits in the kernel, likely for a disk; see its state with ps.',
    });
}

/** Waits at most `limit` milliseconds for a process, ours or not, to be gone. */
export async function goneWithin(pid: number, hostOs: HostOs, limit: number): Promise<boolean> {
  const gone = async () => ((await startTimeOf(pid, hostOs)) === undefined ? true : undefined);
  const over = new AbortController();
  const clock = delay(limit, over.signal).then(
    () => false,
    () => false,
  );
  const polling = pollUntil(gone, 20, over.signal).catch(() => false);
  try {
    return await Promise.race([polling, clock]);
  } finally {
    over.abort();
  }
}

/** Falls back to the process alone where it leads no group. */
function signalGroup(pid: number, signal: NodeJS.Signals): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, signal);
      return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}

async function taskkill(pid: number): Promise<void> {
  const killer = execFile('taskkill', ['/T', '/F', '/PID', String(pid)]);
  await once(killer, 'exit');
}

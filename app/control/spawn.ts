/** Makes sure that a host service runs: connects, or starts one detached from this process and waits for its word. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { EngineError, errorCodes } from '../base/error.ts';
import type { ErrorCode } from '../base/error.ts';
import { connectControl } from './client.ts';
import type { ControlClient, ControlOptions } from './client.ts';

export interface SpawnOptions extends ControlOptions {
  /** Program and arguments of the headless host service. */
  readonly command: readonly [string, ...string[]];
  /** Where the service writes its log; its end is quoted when the service dies. */
  readonly logFile: string;
  /** Milliseconds until the service must have answered. Default 20 s. */
  readonly limit?: number;
  /** Of the service; default this process's. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Descriptor on which the service says, in one JSON line, that it listens or why it does not. */
export const readyDescriptor = 3;
export const readyVariable = 'BERTH_READY_FD';

/** What the service says there; `in-use` means that another service, which answers, came first. */
export type Ready = { readonly ok: true } | { readonly ok: false; readonly code: string; readonly message: string };

/** @throws EngineError `unreachable` with the log's last lines when the service cannot be started. */
export async function connectOrSpawn(options: SpawnOptions): Promise<ControlClient> {
  try {
    return await greeted(options);
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'unreachable') throw error;
  }
  const ready = await startService(options);
  if (ready.ok || ready.code === 'in-use') return greeted(options);
  throw new EngineError(asCode(ready.code), `The host service did not start: ${ready.message}`, {
    hint: `Its log is ${options.logFile}.`,
  });
}

/** A service that is about to end still takes connections, but does not answer. */
async function greeted(options: ControlOptions): Promise<ControlClient> {
  const client = await connectControl(options);
  try {
    await client.hello;
    return client;
  } catch (error) {
    client.close();
    throw error;
  }
}

/** Half of them at most look names up (libuv): a few that nobody answers are not to keep the others waiting. */
const threads = { UV_THREADPOOL_SIZE: '16' };

async function startService(options: SpawnOptions): Promise<Ready> {
  const [program, ...args] = options.command;
  const child = spawn(program, args, {
    detached: true,
    windowsHide: true,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: { ...threads, ...(options.env ?? process.env), [readyVariable]: String(readyDescriptor) },
  });
  const said = await firstWord(child, options.limit ?? 20_000);
  release(child);
  if (typeof said !== 'string') throw await died(options, said.reason);
  return JSON.parse(said) as Ready;
}

/** The service's line, or why none came. */
function firstWord(child: ChildProcess, limit: number): Promise<string | { readonly reason: string }> {
  return new Promise((resolve) => {
    let line = '';
    let errors = '';
    const give = (said: string | { readonly reason: string }): void => {
      clearTimeout(timer);
      resolve(said);
    };
    const timer = setTimeout(() => {
      child.kill();
      give({ reason: `it did not answer within ${limit / 1000} s` });
    }, limit);
    (child.stdio[readyDescriptor] as Readable).on('data', (chunk: Buffer) => {
      line += chunk.toString();
      if (line.includes('\n')) give(line);
    });
    child.stderr?.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-2000)));
    child.once('error', (error) => give({ reason: error.message }));
    child.once('close', (code, signal) =>
      give({ reason: `it ended with ${signal ?? `code ${code ?? 'unknown'}`}. ${errors.trim()}` }),
    );
  });
}

/** Lets this process end while the service goes on. */
function release(child: ChildProcess): void {
  child.unref();
  child.stderr?.destroy();
  (child.stdio[readyDescriptor] as Readable | null)?.destroy();
}

async function died({ logFile }: SpawnOptions, reason: string): Promise<EngineError> {
  const log = await readFile(logFile, 'utf8').catch(() => '');
  const tail = log.trimEnd().split('\n').slice(-5).join('\n');
  return new EngineError('unreachable', `The host service did not start: ${reason.trim()}`, {
    hint: tail === '' ? `It wrote no log to ${logFile}.` : `Its log, ${logFile}, ends so:\n${tail}`,
  });
}

function asCode(code: string): ErrorCode {
  return errorCodes.find((known) => known === code) ?? 'internal';
}

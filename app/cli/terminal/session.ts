/** Joins this process's terminal or pipes with the stdio frames of a process in the guest. */
import type { Duplex, Writable } from 'node:stream';
import { frameKind } from '../../../guest-agent/protocol/stream-format.ts';
import { FrameDecoder, closeStdinFrame, decodeExit, stdinFrames, type Frame } from '../../contract/stdio-frames.ts';
import { resizeFrame } from './frames.ts';
import { DetachFilter } from '../../contract/detach-filter.ts';
import { rawMode } from './raw-mode.ts';
import { standardError, standardOutput } from '../output.ts';

export interface SessionOptions {
  readonly tty: boolean;
  /** Forward our standard input. */
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly detachKeys: Uint8Array;
  /**
   * Passes signals that we get on to the process, beside the stream: on it they would stand behind input that nobody takes.
   * Absent: they mean what they mean to any command.
   */
  readonly sendSignal?: (name: string) => Promise<unknown>;
  /** Called when signals and input are the process's. */
  readonly onJoined?: () => void;
}

/** `lost`: the stream ended without telling the exit code. */
export type SessionEnd =
  { readonly kind: 'exit'; readonly code: number } | { readonly kind: 'detached' } | { readonly kind: 'lost' };

export async function runSession(stream: Duplex, options: SessionOptions): Promise<SessionEnd> {
  using resources = new DisposableStack();
  const left = new AbortController();
  const detach = () => {
    left.abort();
    stream.destroy();
  };
  if (options.tty) resources.use(watchSize(stream));
  if (options.sendSignal !== undefined) resources.use(proxySignals(options.sendSignal));
  if (options.stdin) resources.use(forwardInput(stream, options, detach));
  options.onJoined?.();
  try {
    const code = await copyOutput(stream, options);
    if (code !== undefined) return { kind: 'exit', code };
  } catch (error) {
    if (!stream.destroyed) throw error;
  } finally {
    stream.destroy();
  }
  return { kind: left.signal.aborted ? 'detached' : 'lost' };
}

/** @returns the exit code once its frame has come. */
async function copyOutput(stream: Duplex, options: SessionOptions): Promise<number | undefined> {
  const decoder = new FrameDecoder();
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    for (const frame of decoder.push(chunk)) {
      if (frame.kind === frameKind.exit) return decodeExit(frame.payload).exitCode;
      await writeOutput(frame, options);
    }
  }
  return undefined;
}

async function writeOutput({ kind, payload }: Frame, options: SessionOptions): Promise<void> {
  if (kind === frameKind.stdout && options.stdout) await write(standardOutput(), payload);
  if (kind === frameKind.stderr && options.stderr) await write(standardError(), payload);
}

/** Resolves when the stream takes more. */
export function write(target: Writable, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (target.write(bytes)) resolve();
    else target.once('drain', resolve);
  });
}

function forwardInput(stream: Duplex, options: SessionOptions, detach: () => void): Disposable {
  const { stdin } = process;
  const terminal = options.tty && stdin.isTTY;
  const raw = terminal ? rawMode(stdin) : undefined;
  const filter = new DetachFilter(terminal ? options.detachKeys : new Uint8Array());
  const onData = (chunk: Buffer) => {
    const { pass, detached } = filter.push(chunk);
    if (pass.length > 0 && !stream.write(Buffer.concat(stdinFrames(pass)))) stdin.pause();
    if (detached) detach();
  };
  const onDrain = () => void stdin.resume();
  const onEnd = () => void stream.write(closeStdinFrame());
  stdin.on('data', onData).once('end', onEnd);
  stream.on('drain', onDrain).on('error', () => stdin.pause());
  return {
    [Symbol.dispose]() {
      stdin.off('data', onData).off('end', onEnd).pause();
      raw?.[Symbol.dispose]();
    },
  };
}

function watchSize(stream: Duplex): Disposable {
  const stdout = standardOutput();
  const send = () => {
    if (stdout.isTTY && !stream.destroyed) stream.write(resizeFrame(stdout.rows, stdout.columns));
  };
  send();
  stdout.on('resize', send);
  return { [Symbol.dispose]: () => void stdout.off('resize', send) };
}

const proxied = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const;

function proxySignals(sendSignal: (name: string) => Promise<unknown>): Disposable {
  let last: Promise<unknown> = Promise.resolve();
  // One after the other, so that they arrive as they came. One that has ended meanwhile needs none.
  const send = (name: string) => {
    last = last.then(() => sendSignal(name)).catch(() => undefined);
  };
  for (const name of proxied) process.on(name, send);
  return {
    [Symbol.dispose]() {
      for (const name of proxied) process.off(name, send);
    },
  };
}

import type { Duplex } from 'node:stream';
import { frameKind } from '../../guest-agent/protocol/index.ts';
import { EngineError } from '../base/error.ts';
import { FrameDecoder, decodeSize, encodeExit, encodeFrame } from '../contract/index.ts';
import { signalNumbers } from '../contract/signal-numbers.ts';
import type { GuestProcess } from '../transport/transport.ts';
import { shellCommand } from './shell-command-spec.ts';
import type { Session } from './session.ts';
import type { StreamTokens } from './stream-tokens.ts';

export interface ShellRequest {
  readonly argv: readonly string[];
  readonly tty: boolean;
  readonly rows: number;
  readonly columns: number;
}

/** Processes of the guest over the transport, not the agent: they work also when the agent does not answer. */
export class Shells {
  readonly #tokens: StreamTokens;
  /** Those that run, by their streams' tokens. */
  readonly #running = new Map<string, GuestProcess>();

  constructor(tokens: StreamTokens) {
    this.#tokens = tokens;
  }

  /** @throws EngineError `unsupported` when the transport runs no commands. */
  async open(session: Session, request: ShellRequest): Promise<string> {
    const transport = session.transport();
    if (transport.exec === undefined)
      throw new EngineError('unsupported', 'This machine is not connected by ssh.', {
        hint: 'Use "berth unshare" for a process in the guest.',
      });
    const { rows, columns } = request;
    const terminal = request.tty ? { terminal: { rows, columns, term: 'xterm-256color' } } : {};
    const process = await transport.exec(shellCommand(request.argv), terminal);
    const stream = this.#tokens.offer(
      (bytes) => void serveProcess(bytes, process),
      () => hangUp(process),
    );
    this.#running.set(stream, process);
    void process.exited.then(() => this.#running.delete(stream));
    return stream;
  }

  /** @throws EngineError `wrong-state` when it has ended. */
  signal(stream: string, signal: string): void {
    const process = this.#running.get(stream);
    if (process === undefined)
      throw new EngineError('wrong-state', 'The command in the guest has ended.', { hint: 'Start another one.' });
    process.signal(signal.replace(/^SIG/, ''));
  }
}

/** As a terminal's end does: without one, the end of a channel alone leaves a command running that uses no pipe. */
function hangUp(process: GuestProcess): void {
  process.signal('HUP');
  process.stdio.destroy();
}

/** Stdio frames of the protocol on one side, a process's pipes on the other. */
async function serveProcess(stream: Duplex, process: GuestProcess): Promise<void> {
  const { stdio, stderr, exited } = process;
  const decoder = new FrameDecoder();
  stream.on('data', (chunk: Buffer) => {
    try {
      for (const { kind, payload } of decoder.push(chunk)) {
        if (kind === frameKind.resize) process.resize(decodeSize(payload));
        else if (kind === frameKind.stdin && payload.length === 0) stdio.end();
        else if (kind === frameKind.stdin && !stdio.write(payload)) stream.pause();
      }
    } catch {
      stream.destroy();
    }
  });
  stdio.on('drain', () => stream.resume());
  stream.on('error', () => undefined);
  // A front door tells the end of its input by a frame: the end of its bytes is that it has left.
  stream.once('end', () => hangUp(process));
  stream.once('close', () => hangUp(process));
  stdio.on('error', () => undefined);
  const done = Promise.all([send(stdio, frameKind.stdout, stream), send(stderr, frameKind.stderr, stream)]);
  const { code, signal } = await exited;
  await done;
  const number = signal === null ? 0 : signalNumber(signal);
  stream.end(encodeFrame(frameKind.exit, encodeExit(code ?? 128 + number, number)));
}

/** Resolves when the source is at its end or broken. */
function send(source: NodeJS.ReadableStream, kind: number, target: Duplex): Promise<void> {
  return new Promise((resolve) => {
    source.on('data', (chunk: Buffer) => {
      if (target.writable && target.write(encodeFrame(kind, chunk))) return;
      source.pause();
      if (target.writable) target.once('drain', () => source.resume());
    });
    for (const event of ['end', 'close', 'error']) source.once(event, () => resolve());
  });
}

/** ssh tells names without `SIG` (RFC 4254, 6.10). */
function signalNumber(name: string): number {
  return signalNumbers[name.replace(/^SIG/, '')] ?? 1;
}

/**
 * A way to open byte streams from the host to the guest's agent. It carries bytes and knows no message: what is said on
 * a stream is the guest client's and the stream registry's business.
 */
import type { Duplex, Readable } from 'node:stream';

export interface Transport {
  /**
   * Opens one stream with back-pressure and half-close.
   * @throws EngineError `unreachable` naming what refused.
   */
  openStream(target: StreamTarget, signal?: AbortSignal): Promise<Duplex>;
  /** Told once, when the connection under the streams is gone; undefined means that `close` was called. */
  onClose(listener: (cause: Error | undefined) => void): Disposable;
  close(): Promise<void>;
}

/** `agent`: the agent's own listener, for calls and, with a preamble, for bytes. `tcp`: a port of the guest's loopback. */
export type StreamTarget = { readonly kind: 'agent' } | { readonly kind: 'tcp'; readonly port: number };

/** Only over ssh: a command run by the guest's login shell, for `berth ssh`. */
export interface GuestShell {
  exec(command: string, options: ExecOptions): Promise<GuestProcess>;
}

export interface ExecOptions {
  /** A terminal of this size and kind; without it the three streams are pipes. */
  readonly terminal?: TerminalSize & { readonly term: string };
}

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export interface GuestProcess {
  /** Standard input and output. */
  readonly stdio: Duplex;
  readonly stderr: Readable;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  resize(size: TerminalSize): void;
  /** To the command and what it started, where the guest's server honours it. Its name without `SIG`. */
  signal(name: string): void;
}

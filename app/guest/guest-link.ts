/** One control connection to the agent: handshake, calls, heartbeat. It lives until its stream ends. */
import type { Duplex } from 'node:stream';
import * as v from 'valibot';
import { CancellationTokenSource, ResponseError, createMessageConnection } from 'vscode-jsonrpc/node';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import {
  ChangedEvent,
  changedNotification,
  formatPreamble,
  fromWireError,
  handshakeMethods,
  nameMethods,
  protocolVersion,
} from '../../guest-agent/protocol/index.ts';
import type { HelloResult, Method } from '../../guest-agent/protocol/index.ts';
import { asError, withDeadline } from '../base/deadline.ts';
import { Listeners } from '../base/disposable.ts';
import { EngineError } from '../base/error.ts';
import { StreamReader, StreamWriter } from '../../guest-agent/wire/json-rpc-io.ts';
import type { LookUp } from './guest.ts';

export interface LinkOptions {
  readonly hostVersion: string;
  /** Milliseconds between pings, and the time that an answer may take. */
  readonly heartbeat: { readonly interval: number; readonly limit: number };
  readonly onChanged: (event: ChangedEvent) => void;
  readonly lookUp: LookUp;
}

export class GuestLink {
  readonly #rpc: MessageConnection;
  readonly #stream: Duplex;
  readonly #closed = new Listeners<Error>();
  #cause: Error | undefined;
  #timer: NodeJS.Timeout | undefined;
  #hello: HelloResult | undefined;

  private constructor(stream: Duplex, options: LinkOptions) {
    this.#stream = stream;
    this.#rpc = createMessageConnection(new StreamReader(stream), new StreamWriter(stream));
    this.#rpc.onNotification(changedNotification, (event: unknown) => {
      const checked = v.safeParse(ChangedEvent, event);
      if (checked.success) options.onChanged(checked.output);
    });
    this.#rpc.onUnhandledNotification(() => undefined);
    this.#rpc.onRequest(nameMethods.lookUp.name, (question: unknown) =>
      options.lookUp(v.parse(nameMethods.lookUp.params, question)),
    );
    this.#rpc.onClose(() => this.close(linkLost()));
    this.#rpc.onError(([error]) => this.close(linkLost(error)));
    this.#rpc.listen();
  }

  /**
   * Takes the stream over and shakes hands.
   * @throws EngineError `protocol-mismatch`, or what broke the connection; the stream is closed then.
   */
  static async open(stream: Duplex, options: LinkOptions, signal?: AbortSignal): Promise<GuestLink> {
    stream.write(formatPreamble({ kind: 'control' }));
    const link = new GuestLink(stream, options);
    try {
      const params = { protocolVersion, hostVersion: options.hostVersion };
      const hello = await withDeadline(
        'The handshake with the guest agent',
        options.heartbeat.limit,
        (limit) => link.call(handshakeMethods.hello, params, limit),
        signal,
      );
      checkVersion(hello.protocolVersion);
      link.#hello = hello;
      link.#beat(options.heartbeat);
      return link;
    } catch (error) {
      link.close(asError(error));
      throw asMismatch(error);
    }
  }

  get hello(): HelloResult {
    if (this.#hello === undefined) throw new EngineError('internal', 'The handshake is not over.');
    return this.#hello;
  }

  get open(): boolean {
    return this.#cause === undefined;
  }

  async call<P, R>(method: Method<P, R>, params: P, signal?: AbortSignal): Promise<R> {
    signal?.throwIfAborted();
    if (this.#cause !== undefined) throw this.#cause;
    const cancel = new CancellationTokenSource();
    const broken = Promise.withResolvers<never>();
    broken.promise.catch(() => undefined);
    const give = () => {
      cancel.cancel();
      broken.reject(asError(signal?.reason));
    };
    signal?.addEventListener('abort', give, { once: true });
    const closed = this.#closed.add((cause) => broken.reject(cause));
    try {
      const request: Promise<unknown> = this.#rpc.sendRequest(method.name, params, cancel.token);
      return checkResult(method, await Promise.race([request, broken.promise]));
    } catch (error) {
      throw this.#asLoss(error);
    } finally {
      signal?.removeEventListener('abort', give);
      closed[Symbol.dispose]();
    }
  }

  /** Told once; at once when it is closed already. */
  onClose(listener: (cause: Error) => void): void {
    if (this.#cause === undefined) this.#closed.add(listener);
    else listener(this.#cause);
  }

  close(cause: Error): void {
    if (this.#cause !== undefined) return;
    this.#cause = cause;
    clearTimeout(this.#timer);
    this.#stream.destroy();
    this.#closed.emit(cause);
    this.#rpc.dispose();
  }

  /** What the agent answered; else, once the connection is gone, that. */
  #asLoss(error: unknown): unknown {
    if (error instanceof EngineError) return error;
    if (error instanceof ResponseError && error.data !== undefined) return fromWireError(error.data);
    return this.#cause ?? (error instanceof ResponseError ? fromWireError({ message: error.message }) : error);
  }

  #beat(heartbeat: LinkOptions['heartbeat']): void {
    const ping = async () => {
      const work = (limit: AbortSignal) => this.call(handshakeMethods.ping, {}, limit);
      await withDeadline('The guest agent’s answer to a ping', heartbeat.limit, work).then(
        () => this.#beat(heartbeat),
        (error: unknown) => this.close(linkLost(error)),
      );
    };
    if (!this.open) return;
    this.#timer = setTimeout(() => void ping(), heartbeat.interval);
    this.#timer.unref();
  }
}

/** The error of calls that a broken connection has cut off; what they did in the guest is not known. */
export function linkLost(cause?: unknown): EngineError {
  return new EngineError('unreachable', 'The connection to the guest agent broke before it answered.', {
    hint: 'The agent restarts by itself; try again.',
    cause,
    data: { linkLost: true },
  });
}

export function isLinkLoss(error: unknown): boolean {
  return error instanceof EngineError && error.data?.['linkLost'] === true;
}

function checkResult<R>(method: Method<unknown, R> | Method<never, R>, answer: unknown): R {
  const checked = v.safeParse(method.result, answer, { abortEarly: true });
  if (checked.success) return checked.output;
  const [issue] = checked.issues;
  throw new EngineError(
    'protocol-mismatch',
    `The guest agent answered ${method.name} with something else: ${v.getDotPath(issue) ?? 'the result'}: ${issue.message}`,
    { hint: 'Run "berth restart", so that host and guest have the same version.' },
  );
}

function checkVersion(theirs: number): void {
  if (theirs === protocolVersion) return;
  throw new EngineError(
    'protocol-mismatch',
    `The guest agent speaks protocol ${theirs}, this host ${protocolVersion}.`,
  );
}

function asMismatch(error: unknown): unknown {
  if (!(error instanceof EngineError) || error.code !== 'protocol-mismatch') return error;
  return new EngineError('protocol-mismatch', error.message, {
    hint: 'The machine was started by another version: run "berth restart".',
    cause: error,
  });
}

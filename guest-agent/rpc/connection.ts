/** One control connection: requests in, answers and `changed` notifications out. */
import type { Duplex } from 'node:stream';
import { createMessageConnection, ResponseError, ErrorCodes } from 'vscode-jsonrpc/node';
import type { CancellationToken } from 'vscode-jsonrpc/node';
import { EngineError, toWireError } from '../protocol/errors.ts';
import { changedNotification, type ChangedEvent } from '../protocol/event.ts';
import type { CallHost } from '../services/host-names.ts';
import { callHost } from './call-host.ts';
import type { Dispatch } from './dispatch.ts';
import { StreamReader, StreamWriter } from '../wire/json-rpc-io.ts';

/** JSON-RPC's code for every EngineError; the engine's own code is in the error's `data`. */
export const engineErrorCode = -32000;

/** How long an event may wait for an answer to go out with. */
const notificationDelayMs = 10;

export interface ControlOptions {
  readonly dispatch: Dispatch;
  /** Adds a listener; the answer removes it. */
  readonly subscribe: (listener: (event: ChangedEvent) => void) => () => void;
  /** Told how the peer can be asked; the answer is called when it has left. */
  readonly onPeer?: (call: CallHost) => () => void;
  readonly onInternalError: (method: string, error: unknown) => void;
}

/** Serves until the peer leaves; calls still running then are aborted. */
export function serveControl(stream: Duplex, options: ControlOptions): void {
  const connection = createMessageConnection(new StreamReader(stream), new StreamWriter(stream, notificationDelayMs));
  const running = new Set<AbortController>();
  connection.onRequest(async (method, params, token) => {
    const abort = new AbortController();
    running.add(abort);
    try {
      return (await call(options.dispatch, { method, params, signal: linked(abort, token) })) ?? null;
    } catch (error) {
      if (!(error instanceof EngineError)) options.onInternalError(method, error);
      return toResponseError(error, token);
    } finally {
      running.delete(abort);
    }
  });
  connection.onUnhandledNotification(() => undefined);
  const unsubscribe = options.subscribe((event) => {
    connection.sendNotification(changedNotification, event).catch(() => stream.destroy());
  });
  const ended = new AbortController();
  const leave = options.onPeer?.(callHost(connection, ended.signal));
  const end = (): void => {
    unsubscribe();
    leave?.();
    ended.abort();
    for (const abort of running) abort.abort();
    stream.destroy();
  };
  connection.onClose(end);
  connection.onError(end);
  connection.listen();
}

function call(dispatch: Dispatch, request: { method: string; params: unknown; signal: AbortSignal }): Promise<unknown> {
  const endpoint = dispatch.get(request.method);
  if (endpoint === undefined)
    throw new EngineError('unsupported', `The guest agent has no method ${request.method.slice(0, 64)}.`, {
      hint: 'The host and the guest agent may be of different versions: restart the machine.',
    });
  return endpoint(request.params, request.signal);
}

function linked(abort: AbortController, token: CancellationToken): AbortSignal {
  if (token.isCancellationRequested) abort.abort();
  else token.onCancellationRequested(() => abort.abort());
  return abort.signal;
}

function toResponseError(error: unknown, token: CancellationToken): ResponseError<unknown> {
  const wire = toWireError(
    token.isCancellationRequested && !(error instanceof EngineError)
      ? new EngineError('cancelled', 'The call was cancelled.')
      : error,
  );
  const code = wire.code === 'internal' ? ErrorCodes.InternalError : engineErrorCode;
  return new ResponseError(code, wire.message, wire);
}

/** One control connection of a front door: requests in, answers and events out. */
import type { Duplex } from 'node:stream';
import { ErrorCodes, ResponseError, createMessageConnection } from 'vscode-jsonrpc/node';
import type { CancellationToken } from 'vscode-jsonrpc/node';
import { toWireError } from '../../guest-agent/protocol/index.ts';
import { EngineError } from '../base/error.ts';
import { StreamReader, StreamWriter } from '../../guest-agent/wire/json-rpc-io.ts';
import { hostEventNotification, serviceMethods } from '../contract/index.ts';
import type { HostEvent } from '../contract/index.ts';
import { checkParams, dispatch } from './dispatch.ts';
import type { Api, HostService } from './host-service.ts';

/** JSON-RPC's code for every EngineError; the engine's own code is in the error's `data`. */
export const engineErrorCode = -32000;

export interface ConnectionOptions {
  readonly service: HostService;
  readonly onInternalError: (method: string, error: unknown) => void;
  /** Called once `service.shutdown` was answered. */
  readonly onShutdown: () => void;
}

/** Serves until the peer leaves; calls that still run then are aborted. */
export function serveConnection(stream: Duplex, options: ConnectionOptions): void {
  const rpc = createMessageConnection(new StreamReader(stream), new StreamWriter(stream));
  const session = new Session(options.service);
  const gone = new AbortController();
  rpc.onRequest(async (method, params, token) => {
    const call = new AbortController();
    const cancelled = token.onCancellationRequested(() =>
      call.abort(new EngineError('cancelled', 'The call was cancelled.')),
    );
    try {
      return (await session.call(method, params, AbortSignal.any([call.signal, gone.signal]))) ?? null;
    } catch (error) {
      if (!(error instanceof EngineError) && !token.isCancellationRequested) options.onInternalError(method, error);
      return asResponse(error, token);
    } finally {
      cancelled.dispose();
      if (method === serviceMethods.shutdown.name && session.ended) setImmediate(options.onShutdown);
    }
  });
  rpc.onUnhandledNotification(() => undefined);
  const events = options.service.onEvent((event) => {
    if (session.wants(event)) rpc.sendNotification(hostEventNotification, event).catch(() => stream.destroy());
  });
  const end = (): void => {
    events[Symbol.dispose]();
    gone.abort(new EngineError('cancelled', 'The caller has left.'));
    stream.destroy();
  };
  rpc.onClose(end);
  rpc.onError(end);
  rpc.listen();
}

/** What a connection is bound to by its `hello`. */
class Session {
  readonly #service: HostService;
  #machine: string | undefined;
  #api: Promise<Api> | undefined;
  #ended = false;

  constructor(service: HostService) {
    this.#service = service;
  }

  get ended(): boolean {
    return this.#ended;
  }

  wants(event: HostEvent): boolean {
    return this.#machine !== undefined && (event.kind !== 'guest' || event.machine === this.#machine);
  }

  async call(method: string, params: unknown, signal: AbortSignal): Promise<unknown> {
    if (method === serviceMethods.hello.name)
      return this.#hello(checkParams(method, serviceMethods.hello.params, params));
    if (this.#api === undefined)
      throw new EngineError('wrong-state', `${method.slice(0, 64)} was called before hello.`);
    // Calls may follow hello at once.
    const api = await this.#api;
    if (method !== serviceMethods.shutdown.name) return dispatch(api, method, params)(signal);
    await this.#service.shutdown();
    this.#ended = true;
    return {};
  }

  async #hello(params: { machine: string }): Promise<{ hostVersion: string; pid: number }> {
    this.#api = this.#service.open(params.machine);
    await this.#api;
    this.#machine = params.machine;
    return { hostVersion: this.#service.version, pid: process.pid };
  }
}

function asResponse(error: unknown, token: CancellationToken): ResponseError<unknown> {
  const cancelled = token.isCancellationRequested && !(error instanceof EngineError);
  const wire = toWireError(cancelled ? new EngineError('cancelled', 'The call was cancelled.') : error);
  return new ResponseError(wire.code === 'internal' ? ErrorCodes.InternalError : engineErrorCode, wire.message, wire);
}

/** Requests the other way round: to the host, by a connection that it made. */
import * as v from 'valibot';
import { CancellationTokenSource, type MessageConnection } from 'vscode-jsonrpc/node';
import type { CallHost } from '../services/host-names.ts';

/** @param ended fires when the connection is over: what is asked then has no answer */
export function callHost(connection: MessageConnection, ended: AbortSignal): CallHost {
  return async (method, params, signal) => {
    const either = AbortSignal.any([signal, ended]);
    either.throwIfAborted();
    const cancel = new CancellationTokenSource();
    const over = Promise.withResolvers<never>();
    const give = (): void => {
      if (!ended.aborted) cancel.cancel();
      over.reject(new Error('the connection to the host is over, or it does not answer'));
    };
    either.addEventListener('abort', give, { once: true });
    try {
      const request: Promise<unknown> = connection.sendRequest(method.name, params, cancel.token);
      return v.parse(method.result, await Promise.race([request, over.promise]));
    } finally {
      either.removeEventListener('abort', give);
    }
  };
}

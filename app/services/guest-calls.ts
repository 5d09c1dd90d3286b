/** Methods that the host passes on as they are. */
import type { Method } from '../../guest-agent/protocol/index.ts';
import type { RunningParts } from './parts.ts';
import type { StreamTokens } from './stream-tokens.ts';

export type GuestCall<P, R> = (params: P, signal?: AbortSignal) => Promise<R>;

export interface GuestCalls {
  /** Made once: when the connection breaks before the answer, the caller is told. */
  readonly once: <P, R>(method: Method<P, R>) => GuestCall<P, R>;
  /** Only reads, or may be made twice: a broken connection is not seen. */
  readonly repeat: <P, R>(method: Method<P, R>) => GuestCall<P, R>;
  /** The answer's stream token becomes one of the host's. */
  readonly stream: <P, R extends { stream?: string }>(method: Method<P, R>) => GuestCall<P, R>;
}

export function guestCalls(running: RunningParts, tokens: StreamTokens): GuestCalls {
  const call =
    <P, R>(method: Method<P, R>, repeat: boolean): GuestCall<P, R> =>
    async (params, signal) =>
      (await running(signal)).guest.call(method, params, { signal, repeat });
  return {
    once: (method) => call(method, false),
    repeat: (method) => call(method, true),
    stream: (method) => async (params, signal) => {
      const { guest } = await running(signal);
      const answer = await guest.call(method, params, { signal });
      return answer.stream === undefined ? answer : { ...answer, stream: tokens.offerGuest(guest, answer.stream) };
    },
  };
}

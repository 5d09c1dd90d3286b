/**
 * The guest agent as the services see it: typed calls, byte streams by token, and what changed. A lost connection is
 * made again behind it; containers in the guest run on meanwhile.
 */
import type { Duplex } from 'node:stream';
import type { EngineError } from '../base/error.ts';
import type {
  ChangedEvent,
  HelloResult,
  LookUpAnswer,
  LookUpQuestion,
  Method,
} from '../../guest-agent/protocol/index.ts';

export interface Guest {
  /** What the agent said at the present connection, or at the last one. */
  readonly hello: HelloResult;
  /**
   * Waits for a connection that is being made again. Parameters and results are those of the contract.
   * @throws EngineError what the agent answered; `unreachable` when the connection broke before the answer came; the
   * signal's reason.
   */
  call<P, R>(method: Method<P, R>, params: P, options?: CallOptions<P>): Promise<R>;
  /** Opens the bytes of a token that a call has answered. */
  openStream(token: string, signal?: AbortSignal): Promise<Duplex>;
  /** Opens one connection to a TCP port of the guest. */
  openPort(port: number): Promise<Duplex>;
  onChanged(listener: (event: ChangedEvent) => void): Disposable;
  onStatus(listener: (status: GuestStatus) => void): Disposable;
  /** @param why what calls that wait are told; without it, that the machine was stopped. */
  close(why?: EngineError): Promise<void>;
}

export interface CallOptions<P> {
  readonly signal?: AbortSignal;
  /** For calls that may be made twice: made again when the connection broke before the answer. */
  readonly repeat?: boolean;
  /** The parameters then, where they differ. */
  readonly again?: P;
}

export type GuestStatus =
  /** `restarted`: another agent than before, so everything is to be read again. */
  | { readonly kind: 'connected'; readonly hello: HelloResult; readonly restarted: boolean }
  | { readonly kind: 'lost'; readonly cause: Error }
  /** Not tried again: for example another protocol. */
  | { readonly kind: 'failed'; readonly cause: Error };

/** What the guest asks of the host: a name that it does not know itself. Never rejects. */
export type LookUp = (question: LookUpQuestion) => Promise<LookUpAnswer>;

/** Names of the world, asked of the host by the connections that it keeps to the agent. */
import type { Method } from '../protocol/method.ts';
import { nameMethods, type LookUpAnswer, type LookUpQuestion } from '../protocol/names.ts';

/** A request to the peer of a control connection. @throws when it does not answer, or knows no such method */
export type CallHost = <P, R>(method: Method<P, R>, params: P, signal: AbortSignal) => Promise<R>;

/** Milliseconds; longer than the host itself waits, so that its own reason arrives. */
const patience = 12_000;
const mostAtOnce = 256;

export class HostNames {
  readonly #hosts = new Set<CallHost>();
  readonly #patience: number;
  #asked = 0;

  constructor(limit = patience) {
    this.#patience = limit;
  }

  /** The answer removes it. */
  add(call: CallHost): () => void {
    this.#hosts.add(call);
    return () => void this.#hosts.delete(call);
  }

  /** Never rejects and never hangs: without a host it fails at once. */
  async lookUp(question: LookUpQuestion): Promise<LookUpAnswer> {
    if (this.#asked >= mostAtOnce) return failed('too many questions wait for the host’s answer');
    this.#asked += 1;
    try {
      return await this.#ask(question, AbortSignal.timeout(this.#patience));
    } finally {
      this.#asked -= 1;
    }
  }

  /** The newest connection first: an older one may be of a host that is gone. */
  async #ask(question: LookUpQuestion, signal: AbortSignal): Promise<LookUpAnswer> {
    let reason = 'the host is not connected';
    for (const call of [...this.#hosts].reverse()) {
      try {
        return await call(nameMethods.lookUp, question, signal);
      } catch (error) {
        if (signal.aborted) return failed(`the host did not answer within ${this.#patience / 1000} s`);
        reason = error instanceof Error ? error.message : String(error);
      }
    }
    return failed(reason);
  }
}

function failed(reason: string): LookUpAnswer {
  return { outcome: 'failed', reason };
}

import type { RegistrySession } from './session.ts';

const none: ReadonlySet<RegistrySession> = new Set();

/** Where an image may be got: the mirrors of its registry, then the registry. Who has answered is asked first from then on. */
export class Places {
  #sessions: readonly RegistrySession[];

  constructor(sessions: readonly RegistrySession[]) {
    this.#sessions = sessions;
  }

  get count(): number {
    return this.#sessions.length;
  }

  /**
   * Asks one after the other until one can do it.
   * @param except not these
   * @throws what the registry itself failed by, not a mirror; the signal's reason
   */
  async first<T>(
    ask: (session: RegistrySession) => Promise<T>,
    signal?: AbortSignal,
    except: ReadonlySet<RegistrySession> = none,
  ): Promise<T> {
    let failure: unknown;
    for (const session of this.#sessions) {
      if (except.has(session)) continue;
      try {
        const answer = await ask(session);
        this.#sessions = [session, ...this.#sessions.filter((other) => other !== session)];
        return answer;
      } catch (error) {
        signal?.throwIfAborted();
        if (!session.endpoint.isMirror || failure === undefined) failure = error;
      }
    }
    throw failure;
  }
}

import type { Challenge } from './challenge.ts';
import type { Credential } from './docker-config.ts';
import type { Token, TokenServer } from './token.ts';
import { askToken, basicHeader } from './token.ts';

/** Who we are at one registry: nobody, a user by name and password, or the bearer of a token for some scopes. */
export class Authorizer {
  readonly #server: TokenServer;
  readonly #credential: () => Promise<Credential | undefined>;
  readonly #tokens = new Map<string, Token>();
  readonly #asking = new Map<string, Promise<Token>>();
  #basic: string | undefined;

  constructor(server: TokenServer, credential: () => Promise<Credential | undefined>) {
    this.#server = server;
    this.#credential = credential;
  }

  /** What to send along now, if anything. */
  header(scopes: readonly string[]): string | undefined {
    if (this.#basic !== undefined) return this.#basic;
    const known = this.#tokens.get(scopes.join(' '));
    return known !== undefined && known.expires > Date.now() ? known.header : undefined;
  }

  /**
   * What to send instead of `sent`, which the registry refused; undefined when there is nothing else.
   * @throws EngineError `permission-denied`; PassingError
   */
  async answer(
    challenges: readonly Challenge[],
    scopes: readonly string[],
    sent: string | undefined,
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    const known = this.header(scopes);
    if (known !== undefined && known !== sent) return known;
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    if (bearer !== undefined) return (await this.#sharedToken(bearer, scopes, signal)).header;
    const isBasic = challenges.some(({ scheme }) => scheme === 'basic');
    const credential = isBasic && sent === undefined ? await this.#credential() : undefined;
    if (credential === undefined || credential.username === '') return undefined;
    return (this.#basic = basicHeader(credential));
  }

  /** Callers at the same time share one token. */
  async #sharedToken(challenge: Challenge, scopes: readonly string[], signal?: AbortSignal): Promise<Token> {
    const key = scopes.join(' ');
    const running = this.#asking.get(key);
    if (running !== undefined) return running;
    const asking = this.#credential()
      .then((credential) => askToken(this.#server, { challenge, scopes, credential }, signal))
      .finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    const token = await asking;
    this.#tokens.set(key, token);
    return token;
  }
}

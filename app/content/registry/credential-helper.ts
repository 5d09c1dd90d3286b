/** Docker's credential helpers: programs that keep secrets, spoken to by JSON on their standard streams. */
import { execFile } from 'node:child_process';
import * as v from 'valibot';
import { EngineError } from '../../base/error.ts';
import { findProgram } from '../../base/find-program.ts';
import type { HostOs } from '../../base/platform.ts';
import type { Credential } from './docker-config.ts';

export interface HelperHost {
  readonly os: HostOs;
  /** `PATH` */
  readonly path: string | undefined;
  /** Milliseconds; a helper may be asking the user to unlock a key store. */
  readonly limit?: number;
}

/** Where they are when a window was not started by a shell. */
const folders = ['/usr/local/bin', '/opt/homebrew/bin', '/Applications/Docker.app/Contents/Resources/bin'];
const answerSchema = v.pipe(v.string(), v.parseJson(), v.object({ Username: v.string(), Secret: v.string() }));
/** The user name that stands for "the secret is an identity token". */
const TOKEN_USER = '<token>';
const DEFAULT_LIMIT = 60_000;
const notFound = /credentials not found|no credentials server URL|specified item could not be found/i;

/** One helper by the name behind `docker-credential-`. */
export class CredentialHelper {
  readonly program: string;
  readonly #host: HelperHost;

  constructor(name: string, host: HelperHost) {
    this.program = `docker-credential-${name}`;
    this.#host = host;
  }

  /** @throws EngineError `no-such-path`, `timeout`, `operation-failed` with what the helper said */
  async get(account: string): Promise<Credential | undefined> {
    const answer = await this.#run('get', account);
    if (answer === undefined) return undefined;
    const parsed = v.safeParse(answerSchema, answer);
    if (!parsed.success) throw this.#failed('get', 'its answer cannot be read');
    const { Username: username, Secret: secret } = parsed.output;
    if (username === TOKEN_USER) return { username: '', password: '', identityToken: secret };
    return { username, password: secret, identityToken: '' };
  }

  async store(account: string, { username, password, identityToken }: Credential): Promise<void> {
    const secret =
      identityToken === '' ? { Username: username, Secret: password } : { Username: TOKEN_USER, Secret: identityToken };
    await this.#run('store', JSON.stringify({ ServerURL: account, ...secret }));
  }

  async erase(account: string): Promise<void> {
    await this.#run('erase', account);
  }

  /** @returns undefined when it has no such credentials */
  async #run(action: 'get' | 'store' | 'erase', input: string): Promise<string | undefined> {
    const { os, path, limit = DEFAULT_LIMIT } = this.#host;
    const file = await findProgram(this.program, os, path, folders);
    if (file === undefined)
      throw new EngineError('no-such-path', `The credential helper ${this.program} is not installed.`, {
        hint: "Install it, or take it out of credsStore and credHelpers in Docker's config.json.",
      });
    const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
    const child = execFile(file, [action], { timeout: limit, windowsHide: true }, (error, stdout, stderr) => {
      const said = `${stdout} ${stderr}`.trim();
      if (error === null) resolve(stdout);
      else if (child.killed) reject(this.#late(action, limit));
      else if (notFound.test(said)) resolve(undefined);
      else reject(this.#failed(action, said.slice(0, 300) || error.message));
    });
    // One that ends without reading fails by its exit code.
    child.stdin?.on('error', () => undefined).end(input);
    return promise;
  }

  #failed(action: string, said: string): EngineError {
    return new EngineError('operation-failed', `The credential helper ${this.program} failed to ${action}: ${said}.`, {
      hint: `Try "${this.program} list" by hand.`,
    });
  }

  #late(action: string, limit: number): EngineError {
    return new EngineError(
      'timeout',
      `The credential helper ${this.program} did not ${action} within ${limit / 1000} s.`,
      {
        hint: 'It may wait for a key store to be unlocked: do that, then try again.',
      },
    );
  }
}

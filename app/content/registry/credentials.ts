import { CredentialHelper } from './credential-helper.ts';
import type { HelperHost } from './credential-helper.ts';
import { authEntry, changeAuth, credentialIn, helperFor, readDockerConfig } from './docker-config.ts';
import type { Credential } from './docker-config.ts';

/**
 * The user's credentials as Docker keeps them: by a helper where the configuration names one, else in the file. It is
 * read anew each time, so that a change counts at once.
 */
export class Credentials {
  /** Docker's `config.json`. */
  readonly file: string;
  readonly #host: HelperHost;

  constructor(file: string, host: HelperHost) {
    this.file = file;
    this.#host = host;
  }

  /** @param account as {@link accountOf} names it */
  async find(account: string): Promise<Credential | undefined> {
    const config = await readDockerConfig(this.file);
    return (await this.#helper(helperFor(config, account))?.get(account)) ?? credentialIn(config, account);
  }

  /** @returns the helper's name, or the file's path */
  async store(account: string, credential: Credential): Promise<string> {
    const helper = this.#helper(helperFor(await readDockerConfig(this.file), account));
    await helper?.store(account, credential);
    // Docker tells by an empty entry where it is logged in.
    await changeAuth(this.file, account, helper === undefined ? authEntry(credential) : {});
    return helper?.program ?? this.file;
  }

  /** @returns false where there was nothing to remove */
  async erase(account: string): Promise<boolean> {
    const config = await readDockerConfig(this.file);
    const helper = this.#helper(helperFor(config, account));
    const wasThere = (await helper?.get(account)) !== undefined || credentialIn(config, account) !== undefined;
    if (wasThere) await helper?.erase(account);
    if (wasThere || account in config.auths) await changeAuth(this.file, account, undefined);
    return wasThere;
  }

  #helper(name: string | undefined): CredentialHelper | undefined {
    return name === undefined ? undefined : new CredentialHelper(name, this.#host);
  }
}

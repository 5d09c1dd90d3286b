/** Registries, for one user: pull, push, log in and out. Settings and credentials are read anew for each. */
import { join } from 'node:path';
import { EngineError } from '../../base/error.ts';
import type { HostOs } from '../../base/platform.ts';
import type { Platform } from '../oci.ts';
import type { ImageReference } from '../reference.ts';
import { familiarReference, formatReference, parseReference } from '../reference.ts';
import type { ContentStore } from '../store.ts';
import { Credentials } from './credentials.ts';
import { describeImage, searchOf, searchRegistry } from './describe.ts';
import type { Described, SearchResult } from './describe.ts';
import type { Credential } from './docker-config.ts';
import { Downloads } from './downloads.ts';
import type { Endpoint } from './endpoint.ts';
import { accountOf, endpointOf, endpointsOf, registryOf } from './endpoint.ts';
import { Places } from './places.ts';
import type { BlobListener } from '../progress.ts';
import { pullImage } from './pull.ts';
import type { Pushed } from './push.ts';
import { pushImage } from './push.ts';
import { RemoteImage } from './remote-image.ts';
import { RemoteRepository } from './remote-repository.ts';
import type { RetryPolicy } from './retry.ts';
import { defaultRetryPolicy } from './retry.ts';
import { RegistrySession } from './session.ts';
import { readSettings } from './settings.ts';
import { repositoryTags } from './tags.ts';
import { refused } from './token.ts';
import { Transport } from './transport.ts';

export interface RegistryClientOptions {
  readonly store: ContentStore;
  /** `registries.json` */
  readonly settingsFile: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home folder. */
  readonly home: string;
  readonly os: HostOs;
  readonly retry?: RetryPolicy;
}

export interface TransferRequest {
  readonly reference: string;
  /** Instead of what the user is logged in with. */
  readonly credential?: Credential;
  readonly signal?: AbortSignal;
  readonly onProgress: BlobListener;
}

export interface PushRequest extends TransferRequest {
  /** Only this one of the name's platforms. */
  readonly platform?: Platform;
}

export interface PullRequest extends TransferRequest {
  readonly platform: Platform | 'all';
  /** The platform was asked for. */
  readonly strict: boolean;
}

export interface PullOutcome {
  readonly reference: string;
  readonly digest: string;
  readonly upToDate: boolean;
}

export class RegistryClient {
  readonly #options: RegistryClientOptions;
  readonly #credentials: Credentials;
  readonly #downloads = new Downloads();
  readonly #dockerFolder: string;
  readonly #retry: RetryPolicy;

  constructor(options: RegistryClientOptions) {
    const { env, home, os, retry = defaultRetryPolicy } = options;
    this.#options = options;
    this.#retry = retry;
    this.#dockerFolder = env['DOCKER_CONFIG'] || join(home, '.docker');
    this.#credentials = new Credentials(join(this.#dockerFolder, 'config.json'), { os, path: env['PATH'] });
  }

  /** @throws EngineError as {@link pullImage} */
  async pull({ reference: text, credential, signal, ...request }: PullRequest): Promise<PullOutcome> {
    const reference = parseReference(text);
    await using work = await this.#begin();
    const image = work.image(reference, credential);
    const { target, fetched, known } = await this.#options.store.pull(formatReference(reference), (into) =>
      pullImage(image, into.known, { ...into, ...request, downloads: this.#downloads, retry: this.#retry, signal }),
    );
    return { reference: familiarReference(reference), digest: target, upToDate: !fetched && known === target };
  }

  /** @throws EngineError as {@link describeImage} */
  async describe({ reference, credential, signal }: Omit<TransferRequest, 'onProgress'>): Promise<Described> {
    await using work = await this.#begin();
    return await describeImage(work.image(parseReference(reference), credential), signal);
  }

  /** @throws EngineError as {@link repositoryTags}, `invalid-argument` */
  async tags({ reference: text, credential, signal }: Omit<TransferRequest, 'onProgress'>): Promise<string[]> {
    const reference = parseReference(text);
    await using work = await this.#begin();
    return await repositoryTags(work.session(endpointOf(reference, work.settings), credential), signal);
  }

  /** @throws EngineError as {@link searchRegistry} */
  async search(
    { term, limit, credential }: { term: string; limit: number; credential?: Credential },
    signal?: AbortSignal,
  ): Promise<SearchResult[]> {
    await using work = await this.#begin();
    const { endpoint, query } = searchOf(term, work.settings);
    return await searchRegistry(work.session(endpoint, credential), { query, limit }, signal);
  }

  /** @throws EngineError `no-such-image`, `wrong-platform`, `invalid-argument` for a name with a digest, and as {@link pushImage} */
  async push({
    reference: text,
    platform,
    credential,
    signal,
    onProgress,
  }: PushRequest): Promise<Pushed & { reference: string }> {
    const reference = parseReference(text);
    const { tag } = reference;
    if (tag === undefined || reference.digest !== undefined)
      throw new EngineError('invalid-argument', `${text} has a digest: images are pushed by tag.`, {
        hint: 'Give it a tag by "berth tag", and push that.',
      });
    await using work = await this.#begin();
    const session = work.session(endpointOf(reference, work.settings), credential);
    const familiar = familiarReference(reference);
    const to = new RemoteRepository(familiar, session, signal);
    const pushed = await this.#options.store.lend(formatReference(reference), platform, (lent) =>
      pushImage(to, tag, {
        ...lent,
        ...{ signal, onProgress },
        elsewhere: (digest) => repositoriesBeside(reference, lent.namesOf(digest)),
      }),
    );
    return { ...pushed, reference: familiar };
  }

  /** Stores credentials, if so wished, once the registry has taken them. @throws EngineError `permission-denied`, `unreachable` */
  async login(
    server: string,
    credential: Credential,
    { signal, store = true }: { signal?: AbortSignal | undefined; store?: boolean | undefined } = {},
  ): Promise<{ serverAddress: string; storedIn: string }> {
    const account = accountOf(server);
    const registry = registryOf(account);
    await using work = await this.#begin();
    const session = work.session(endpointOf({ registry, repository: '' }, work.settings), credential);
    const response = await session.request({
      ...{ method: 'GET', target: '', what: `Logging in to ${registry}`, scopes: [], accept: [200, 401, 403], signal },
    });
    await response.drop();
    if (response.status !== 200) throw refused(registry, credential);
    return { serverAddress: registry, storedIn: store ? await this.#credentials.store(account, credential) : '' };
  }

  async logout(server: string): Promise<{ serverAddress: string; removed: boolean }> {
    const account = accountOf(server);
    return { serverAddress: registryOf(account), removed: await this.#credentials.erase(account) };
  }

  async #begin() {
    const { settingsFile, env, os } = this.#options;
    const settings = await readSettings(settingsFile);
    const certFolders = [join(this.#dockerFolder, 'certs.d'), ...(os === 'win32' ? [] : ['/etc/docker/certs.d'])];
    const transport = new Transport({ settings, env, certFolders });
    const session = (endpoint: Endpoint, given: Credential | undefined) =>
      new RegistrySession({
        ...{ endpoint, settings, transport, retry: this.#retry },
        credential: once(() => (given ? Promise.resolve(given) : this.#credentials.find(endpoint.account))),
      });
    const image = (reference: ImageReference, credential: Credential | undefined) => {
      const sessions = endpointsOf(reference, settings).map((endpoint) =>
        session(endpoint, endpoint.isMirror ? undefined : credential),
      );
      return new RemoteImage(reference, new Places(sessions), this.#retry);
    };
    return { settings, session, image, [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose]() };
  }
}

/** Other repositories of the same registry among these names. */
function repositoriesBeside({ registry, repository }: ImageReference, names: readonly string[]): string[] {
  const found = names.map((name) => parseReference(name)).filter((other) => other.registry === registry);
  return [...new Set(found.map((other) => other.repository))].filter((other) => other !== repository);
}

/** A helper may ask the user: it is run once for all that one piece of work wants. */
function once<T>(get: () => Promise<T>): () => Promise<T> {
  let got: Promise<T> | undefined;
  return () => (got ??= get());
}

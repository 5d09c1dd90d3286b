/** Writing to one repository of a registry (distribution specification, "Push"). */
import type { Readable } from 'node:stream';
import { EngineError } from '../../base/error.ts';
import type { Digest } from '../digest.ts';
import { documentTypes } from '../oci.ts';
import { retrying } from './retry.ts';
import type { RegistryRequest, RegistrySession } from './session.ts';
import type { HttpResponse } from './transport.ts';

export interface OutgoingBlob {
  readonly digest: Digest;
  readonly size: number;
  /** The bytes from the given one on, each time that it is called. */
  readonly open: (start: number) => Readable;
}

/** Where a blob is sent to, and how much of it is there. */
interface Upload {
  readonly location: URL;
  readonly done: number;
}

export class RemoteRepository {
  /** As people type it, without a tag. */
  readonly name: string;
  readonly #session: RegistrySession;
  readonly #signal: AbortSignal | undefined;
  readonly #scope: string;

  constructor(name: string, session: RegistrySession, signal?: AbortSignal) {
    this.name = name;
    this.#session = session;
    this.#signal = signal;
    this.#scope = `repository:${session.endpoint.repository}:pull,push`;
  }

  async has(kind: 'blobs' | 'manifests', digest: Digest): Promise<boolean> {
    const response = await this.#session.request({
      ...this.#request('HEAD', `${kind}/${digest}`, `Asking for ${digest}`),
      // A manifest of a type that is not asked for is said to be missing.
      headers: kind === 'manifests' ? { accept: documentTypes.join(', ') } : {},
      accept: [200, 404],
    });
    await response.drop();
    return response.status === 200;
  }

  /**
   * Takes a blob over from another repository of the registry. Who may not read there, or asks a registry that knows no
   * mounts, sends the blob.
   * @returns whether it is there now; if not, where it is to be sent to, if that was told
   */
  async mount(digest: Digest, from: string): Promise<{ done: boolean; place?: URL }> {
    try {
      return await this.#mount(digest, from);
    } catch (error) {
      // A token server may refuse a token for both repositories instead of giving a lesser one.
      if (error instanceof EngineError && error.code === 'permission-denied') return { done: false };
      throw error;
    }
  }

  async #mount(digest: Digest, from: string): Promise<{ done: boolean; place?: URL }> {
    const query = new URLSearchParams({ mount: digest, from }).toString();
    const request = this.#request('POST', `blobs/uploads/?${query}`, `Mounting ${digest}`);
    const response = await this.#session.request({
      ...request,
      scopes: [...request.scopes, `repository:${from}:pull`],
      accept: [201, 202, ...refusedMount],
    });
    await response.drop();
    if (response.status !== 202) return { done: response.status === 201 };
    return { done: false, place: locationOf(response, this.name) };
  }

  /**
   * Sends a blob. One that breaks is gone on with where the registry tells how much it has; else it is begun anew.
   * @param at where the blob is to be sent to, as a {@link mount} that was not possible has told
   */
  async upload(blob: OutgoingBlob, at: URL | undefined, onRetry: (why: string) => void): Promise<void> {
    let upload: Upload | undefined = at && { location: at, done: 0 };
    let broken = false;
    const send = async () => {
      if (broken && upload !== undefined) upload = await this.#broken(upload, blob);
      broken = false;
      upload ??= { location: await this.#beginUpload(blob.digest), done: 0 };
      broken = true;
      if (upload.done > 0) upload = await this.#sendRest(upload, blob);
      if (upload !== undefined) return this.#close(upload, blob);
      upload = { location: await this.#beginUpload(blob.digest), done: 0 };
      await this.#close(upload, blob);
    };
    const achieved = () => upload?.done ?? 0;
    await retrying(send, { policy: this.#session.retry, signal: this.#signal, onRetry, achieved });
  }

  /** @param name a tag or the document's digest */
  async putDocument(name: string, mediaType: string, bytes: Buffer): Promise<void> {
    const response = await this.#session.request({
      ...this.#request('PUT', `manifests/${name}`, `Sending the manifest of ${this.name}`),
      headers: { 'content-type': mediaType },
      body: () => bytes,
      accept: [200, 201],
    });
    await response.drop();
  }

  /** Asks how much came before it broke; undefined where the registry has nothing, or does not know it any more. */
  async #broken({ location }: Upload, { digest, size }: OutgoingBlob): Promise<Upload | undefined> {
    const response = await this.#session.once({
      ...this.#request('GET', location, `Asking how much of ${digest} came`),
      accept: [204, ...unknownUpload],
    });
    await response.drop();
    const done = response.status === 204 ? receivedBytes(response.header('range')) : 0;
    return done > 0 && done <= size ? { location: locationOf(response, this.name), done } : undefined;
  }

  /** Sends what is missing as one chunk; undefined where the registry does not take it. */
  async #sendRest({ location, done }: Upload, { digest, size, open }: OutgoingBlob): Promise<Upload | undefined> {
    if (done === size) return { location, done };
    const response = await this.#session.once({
      ...this.#request('PATCH', location, `Sending the rest of ${digest}`),
      headers: { ...octets, 'content-length': String(size - done), 'content-range': `${done}-${size - 1}` },
      body: () => open(done),
      accept: [202, ...unknownUpload],
    });
    await response.drop();
    return response.status === 202 ? { location: locationOf(response, this.name), done: size } : undefined;
  }

  /** Ends an upload, with all of the blob where nothing was sent so far. */
  async #close({ location, done }: Upload, { digest, size, open }: OutgoingBlob): Promise<void> {
    const target = new URL(location);
    target.searchParams.append('digest', digest);
    const response = await this.#session.once({
      ...this.#request('PUT', target, `Sending ${digest}`),
      headers: { ...octets, 'content-length': String(size - done) },
      ...(done < size && { body: () => open(done) }),
      accept: [201],
    });
    await response.drop();
  }

  async #beginUpload(digest: Digest): Promise<URL> {
    const response = await this.#session.once({
      ...this.#request('POST', 'blobs/uploads/', `Beginning to send ${digest}`),
      accept: [202],
    });
    await response.drop();
    return locationOf(response, this.name);
  }

  #request(method: RegistryRequest['method'], target: string | URL, what: string): Omit<RegistryRequest, 'accept'> {
    const path = typeof target === 'string' ? `${this.#session.endpoint.repository}/${target}` : target;
    return {
      ...{ method, target: path, scopes: [this.#scope], signal: this.#signal },
      what: `${what} to ${this.name}`,
    };
  }
}

const octets = { 'content-type': 'application/octet-stream' };
/** What registries answer of uploads that they have given up, or of a range that they do not take. */
const unknownUpload = [400, 404, 405, 416];

const refusedMount = [400, 401, 403, 404, 405];

/** `0-N`: its last byte. A registry that has nothing says `0-0`, too. */
function receivedBytes(range = ''): number {
  const last = Number(/^(?:bytes=)?0-([0-9]+)$/.exec(range)?.[1] ?? 0);
  return last === 0 ? 0 : last + 1;
}

function locationOf(response: HttpResponse, name: string): URL {
  const location = response.header('location');
  if (location !== undefined && URL.canParse(location, response.url.href)) return new URL(location, response.url);
  throw new EngineError('operation-failed', `${response.url.host} told no place to send a blob of ${name} to.`);
}

/** Reading one image's documents and blobs from its registry (distribution specification, "Pull"). */
import { createHash } from 'node:crypto';
import { EngineError } from '../../base/error.ts';
import type { Digest } from '../digest.ts';
import { isDigest } from '../digest.ts';
import type { OciDescriptor } from '../oci.ts';
import { documentType, documentTypes } from '../oci.ts';
import type { ImageReference } from '../reference.ts';
import { familiarReference } from '../reference.ts';
import type { OpenBlob } from './download.ts';
import type { Places } from './places.ts';
import { retrying } from './retry.ts';
import type { RetryPolicy } from './retry.ts';
import type { RegistrySession } from './session.ts';
import { readBody } from './status-error.ts';
import type { HttpResponse } from './transport.ts';

const DOCUMENT_MAX = 4 * 2 ** 20;
const accept = documentTypes.join(', ');

export interface RemoteDocument {
  readonly descriptor: OciDescriptor;
  readonly bytes: Buffer;
}

export class RemoteImage {
  /** As people type it. */
  readonly name: string;
  readonly #reference: ImageReference;
  readonly #places: Places;
  readonly #retry: RetryPolicy;
  /** Who gave each blob last, and who gave something else for it. */
  readonly #givers = new Map<Digest, { last: RegistrySession; liars: Set<RegistrySession> }>();

  constructor(reference: ImageReference, places: Places, retry: RetryPolicy) {
    this.name = familiarReference(reference);
    this.#reference = reference;
    this.#places = places;
    this.#retry = retry;
  }

  /** The digest that the name stands for now; undefined where only the document tells it. */
  async digest(signal?: AbortSignal): Promise<Digest | undefined> {
    const { tag, digest } = this.#reference;
    if (digest !== undefined) return digest;
    return this.#ask(async (session) => {
      const response = await this.#manifest(session, 'HEAD', tag ?? '', signal);
      await response.drop();
      const told = response.header('docker-content-digest') ?? '';
      return isDigest(told) ? told : undefined;
    }, signal);
  }

  /**
   * The manifest or index behind the name, or behind a digest in the same repository; verified.
   * @throws EngineError `no-such-image`, `permission-denied`, `corrupt-content`, `unsupported`, `unreachable`
   */
  async document(wanted: Digest | undefined, signal?: AbortSignal): Promise<RemoteDocument> {
    const { tag, digest: own } = this.#reference;
    const digest = wanted ?? own;
    return this.#ask(async (session) => {
      const response = await this.#manifest(session, 'GET', digest ?? tag ?? '', signal);
      const bytes = await readBody(response, DOCUMENT_MAX);
      const actual: Digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
      const told = digest ?? response.header('docker-content-digest') ?? actual;
      if (told.startsWith('sha256:') && told !== actual)
        throw otherContent(`${session.endpoint.host} gave ${actual} for ${told} of ${this.name}`);
      return { bytes, descriptor: this.#describe(response, bytes, actual) };
    }, signal);
  }

  /** The bytes of a blob from `start` on. @throws PassingError, EngineError */
  async blob(wanted: Pick<OciDescriptor, 'digest' | 'size'>, start: number, signal?: AbortSignal): Promise<OpenBlob> {
    const { digest, size } = wanted;
    const { liars } = this.#givers.get(digest) ?? { liars: new Set<RegistrySession>() };
    const ask = async (session: RegistrySession): Promise<OpenBlob> => {
      const response = await session.once({
        method: 'GET',
        target: `${session.endpoint.repository}/blobs/${digest}`,
        what: `Getting ${digest} of ${this.name}`,
        scopes: scopesOf(session),
        // A registry that has less than we think says 416: the blob is begun anew then.
        accept: start === 0 ? [200] : [200, 206, 416],
        headers: start === 0 ? {} : { range: `bytes=${start}-` },
        signal,
      });
      const { first, total } = extent(response);
      // So it is where what comes is not what was asked for, or nobody can tell.
      if (response.status === 416 || (response.status === 206 && first !== start)) {
        await response.drop();
        return this.blob(wanted, 0, signal);
      }
      this.#givers.set(digest, { last: session, liars });
      if (total !== undefined && total !== size) {
        await response.drop();
        throw new EngineError(
          'corrupt-content',
          `${digest} of ${this.name} has ${total} bytes at ${session.name}, not ${size}.`,
          {
            hint: 'The image is broken there: push it again, or take another version of it.',
          },
        );
      }
      return { start: first, pieces: response.pieces() };
    };
    return this.#places.first(ask, signal, liars);
  }

  /** A small blob, verified. @throws EngineError `corrupt-content`, and as {@link document} */
  async small(wanted: Pick<OciDescriptor, 'digest' | 'size'>, signal?: AbortSignal): Promise<Buffer> {
    const { digest, size } = wanted;
    if (size > DOCUMENT_MAX) throw otherContent(`${digest} of ${this.name} has ${size} bytes`);
    const read = async (): Promise<Buffer> => {
      const pieces: Buffer[] = [];
      let length = 0;
      for await (const piece of (await this.blob(wanted, 0, signal)).pieces) {
        pieces.push(piece);
        if ((length += piece.length) > size) break;
      }
      return Buffer.concat(pieces);
    };
    const bytes = await retrying(read, { policy: this.#retry, signal });
    if (digest === `sha256:${createHash('sha256').update(bytes).digest('hex')}`) return bytes;
    throw otherContent(`What came for ${digest} of ${this.name} is something else`);
  }

  /** What came of a blob was something else: who gave it is not asked for it again. @returns false where nobody else is left */
  discredit(digest: Digest): boolean {
    const giver = this.#givers.get(digest);
    giver?.liars.add(giver.last);
    return giver !== undefined && giver.liars.size < this.#places.count;
  }

  #ask<T>(ask: (session: RegistrySession) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return retrying(() => this.#places.first(ask, signal), { policy: this.#retry, signal });
  }

  #manifest(
    session: RegistrySession,
    method: 'GET' | 'HEAD',
    name: string,
    signal?: AbortSignal,
  ): Promise<HttpResponse> {
    return session.once({
      method,
      target: `${session.endpoint.repository}/manifests/${name}`,
      what: `Looking for ${this.name}`,
      scopes: scopesOf(session),
      accept: [200],
      headers: { accept },
      signal,
    });
  }

  #describe(response: HttpResponse, bytes: Buffer, digest: Digest): OciDescriptor {
    const told = (response.header('content-type') ?? '').replace(/;.*$/, '').trim();
    if (/docker\.distribution\.manifest\.v1\+/.test(told))
      throw new EngineError('unsupported', `${this.name} is published in Docker's first format, without digests.`, {
        hint: 'Take a newer version of it, or have it pushed again.',
      });
    const mediaType = documentTypes.includes(told) ? told : documentType(bytes, digest);
    return { mediaType, digest, size: bytes.length, platform: undefined, annotations: undefined };
  }
}

function otherContent(what: string): EngineError {
  return new EngineError('corrupt-content', `${what}.`, {
    hint: 'Try again; if it stays so, the registry is damaged, or a mirror or proxy before it.',
  });
}

function scopesOf({ endpoint }: RegistrySession): string[] {
  return [`repository:${endpoint.repository}:pull`];
}

/** Where an answer begins, and how long the whole is (RFC 9110, section 14.4). */
function extent(response: HttpResponse): { first: number; total: number | undefined } {
  if (response.status === 206) {
    const [, first, total] = /^bytes ([0-9]+)-[0-9]+\/([0-9]+|\*)$/.exec(response.header('content-range') ?? '') ?? [];
    return { first: Number(first), total: total === undefined || total === '*' ? undefined : Number(total) };
  }
  const length = response.header('content-length');
  return { first: 0, total: length === undefined ? undefined : Number(length) };
}

/** A tar archive of images on its way in: an OCI layout, or what `docker save` of any age writes. */
import { EngineError } from '../base/error.ts';
import type { BlobStore, BlobWriter, Expected } from './blobs.ts';
import type { Digest } from './digest.ts';
import { isDigest } from './digest.ts';
import { decompress, isDamage } from './layer/decompress.ts';
import { layerPath } from './layer/path.ts';
import { LayerProgress } from './layer-progress.ts';
import type { BlobListener } from './progress.ts';
import type { TarEntry } from './tar/entry.ts';
import { TarFormatError } from './tar/entry.ts';
import type { TarHandler } from './tar/reader.ts';
import { TarReader } from './tar/reader.ts';

export interface ArchiveOptions {
  blobs: BlobStore;
  signal?: AbortSignal;
  /** Told of each blob as it is brought in. */
  onBlob?: (digest: Digest) => void;
  /** Told how far each layer is that was not here before. */
  onLayer?: BlobListener;
}

export interface ArchivedBlob {
  digest: Digest;
  size: number;
}

export interface ImageArchive {
  /** The bytes of `index.json`, if it is an OCI layout. */
  readonly index: Buffer | undefined;
  /** The bytes of `manifest.json`, if Docker can load it. */
  readonly list: Buffer | undefined;
  /** The file at this path, links followed inside of the archive; all of them are in the store now. */
  find(path: string): ArchivedBlob | undefined;
}

const DOCUMENT_MAX = 4 * 2 ** 20;
const LINKS_MAX = 8;
const documents = ['index.json', 'manifest.json'];
/** What old archives hold beside what is used: a version, the names once more. */
const idle = ['oci-layout', 'repositories', 'VERSION'];

/**
 * Reads an archive, compressed or not, to its end: its files go into the store as they come.
 * @throws EngineError `invalid-argument`, `corrupt-content`, `disk-full`
 */
export async function readImageArchive(stream: AsyncIterable<Buffer>, options: ArchiveOptions): Promise<ImageArchive> {
  const archive = new Reading(options);
  const reader = new TarReader(archive);
  try {
    for await (const piece of decompress(stream)) {
      options.signal?.throwIfAborted();
      reader.write(piece);
      await archive.settle();
    }
    reader.end();
    await archive.settle();
  } catch (error) {
    throw error instanceof TarFormatError || isDamage(error) ? noImages('The archive', error.message, error) : error;
  } finally {
    await archive.close();
  }
  return archive;
}

/** Sorts the members of an archive. Parsing is synchronous, so what needs the disk waits for `settle`. */
class Reading implements TarHandler, ImageArchive {
  readonly #options: ArchiveOptions;
  readonly #work: (() => Promise<void>)[] = [];
  readonly #files = new Map<string, ArchivedBlob>();
  readonly #links = new Map<string, string>();
  readonly #documents = new Map<string, Buffer>();
  #writer: BlobWriter | undefined;
  /** Where the present member goes. */
  #path: string | undefined;
  #document: Buffer[] | undefined;
  #progress: LayerProgress | undefined;

  constructor(options: ArchiveOptions) {
    this.#options = options;
  }

  get index(): Buffer | undefined {
    return this.#documents.get('index.json');
  }

  get list(): Buffer | undefined {
    return this.#documents.get('manifest.json');
  }

  find(path: string): ArchivedBlob | undefined {
    let at = layerPath(path).join('/');
    for (let step = 0; step < LINKS_MAX; step++) {
      const next = this.#links.get(at);
      if (next === undefined) return this.#files.get(at);
      at = next;
    }
    return undefined;
  }

  entry(entry: TarEntry): void {
    this.#path = undefined;
    const parts = layerPath(entry.path);
    const path = parts.join('/');
    if (entry.type === 'symlink')
      this.#links.set(path, layerPath([...parts.slice(0, -1), entry.linkTarget].join('/'), entry.path).join('/'));
    else if (entry.type === 'hardlink') this.#links.set(path, layerPath(entry.linkTarget, entry.path).join('/'));
    else if (entry.type === 'file' && !idle.includes(parts.at(-1) ?? '')) this.#begin(path, entry);
  }

  data(piece: Buffer): void {
    if (this.#document) this.#document.push(Buffer.from(piece));
    else if (this.#path !== undefined)
      this.#work.push(async () => {
        this.#writer?.write(piece);
        await this.#writer?.drain();
        this.#progress?.take(piece);
      });
  }

  end(): void {
    const path = this.#path;
    if (path === undefined) return;
    if (this.#document) this.#documents.set(path, Buffer.concat(this.#document));
    else this.#work.push(() => this.#commit(path));
    this.#document = undefined;
    this.#path = undefined;
  }

  async settle(): Promise<void> {
    for (let next = this.#work.shift(); next; next = this.#work.shift()) await next();
  }

  async close(): Promise<void> {
    await this.#writer?.close();
  }

  #begin(path: string, entry: TarEntry): void {
    if (entry.extents) throw new TarFormatError('a file of an image archive is sparse', entry.path);
    this.#path = path;
    if (!documents.includes(path)) {
      const expected = expectedBlob(path, entry.size, this.#options.onBlob);
      this.#work.push(() => this.#open(path, expected));
      return;
    }
    if (entry.size > DOCUMENT_MAX) throw new TarFormatError(`${path} has ${entry.size} bytes`);
    this.#document = [];
  }

  async #open(path: string, expected: Expected): Promise<void> {
    const { blobs, onLayer } = this.#options;
    const { digest, size = 0 } = expected;
    const isHere = digest !== undefined && (await blobs.size(digest)) !== undefined;
    this.#progress = onLayer === undefined || isHere ? undefined : new LayerProgress(path, size, onLayer);
    this.#writer = await blobs.write(expected);
  }

  async #commit(path: string): Promise<void> {
    const found = await this.#writer?.commit();
    this.#writer = undefined;
    this.#progress?.end();
    if (found) this.#files.set(path, found);
  }
}

/** A layout's blobs are named by their digests; the files of old archives get theirs when they have been read. */
function expectedBlob(path: string, size: number, onBlob: ArchiveOptions['onBlob']): Expected {
  const name = path.replace(/^blobs\/sha256\//, 'sha256:');
  const digest = isDigest(name) ? name : undefined;
  return { digest, size, onDigest: onBlob };
}

export function noImages(what: string, why: string, cause?: unknown): EngineError {
  return new EngineError('invalid-argument', `${what} holds no images: ${why}.`, {
    cause,
    hint: 'Make an archive with "berth save", docker save, or skopeo copy … oci-archive:FILE; a root file system is taken by "berth import".',
  });
}

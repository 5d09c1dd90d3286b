/**
 * A strict streaming reader of tar archives: v7, ustar, star, GNU and PAX, with sparse files in all four encodings.
 * Nothing is decoded as text: names and attribute values are bytes.
 *
 * Why not tar-stream: it decodes PAX records as UTF-8, which destroys names and attribute values (file capabilities,
 * for one) that are not UTF-8; it has no sparse files, so that their maps end up in their contents or break the reading
 * that follows; and it passes over malformed PAX records in silence. Layers have the first two, hostile ones the third.
 */
import type { Parsing } from './byte-feed.ts';
import { ByteFeed } from './byte-feed.ts';
import type { TarEntry, TarExtent } from './entry.ts';
import { TarFormatError } from './entry.ts';
import type { TarHeader } from './header.ts';
import { decodeHeader, isZeroBlock, TAR_BLOCK } from './header.ts';
import type { Member } from './member.ts';
import { decodeMember } from './member.ts';
import type { PaxRecords } from './pax.ts';
import { decodePax } from './pax.ts';
import { checkExtents, oldGnuSparse, oldGnuSparseExtension, SparseMapReader } from './sparse.ts';

/** Called in the archive's order; what it throws comes out of {@link TarReader.write}. */
export interface TarHandler {
  entry(entry: TarEntry): void;
  /** A piece of the last entry's bytes (without holes); only valid during the call. */
  data(piece: Buffer): void;
  /** The last entry is complete; for every entry of type `file`. */
  end(): void;
}

/** Largest PAX header or GNU long name that is accepted, bytes: they are held in memory. */
const EXTENSION_MAX = 1 << 20;
const SPARSE_RUNS_MAX = 1 << 18;
/** Bytes of all global headers' records together, each with a surcharge for being kept; they concern every member. */
const GLOBALS_MAX = 1 << 16;
const RECORD_COST = 64;

/** Headers that describe the member that follows them. */
interface Extensions {
  path?: string;
  linkTarget?: string;
  pax?: PaxRecords;
}

export class TarReader {
  readonly #handler: TarHandler;
  readonly #feed: ByteFeed;
  #globals = new Map<string, Buffer>();
  #atBoundary = true;
  #current: string | undefined;

  constructor(handler: TarHandler) {
    this.#handler = handler;
    this.#feed = new ByteFeed(this.#archive());
  }

  /** Takes the next bytes. @throws TarFormatError naming the entry. */
  write(piece: Buffer): void {
    try {
      this.#feed.write(piece);
    } catch (error) {
      if (!(error instanceof TarFormatError) || error.entry !== undefined || this.#current === undefined) throw error;
      throw new TarFormatError(error.message, this.#current);
    }
  }

  /** The archive has no more bytes. @throws TarFormatError if it stops within a member. */
  end(): void {
    if (this.#feed.finished || (this.#atBoundary && !this.#feed.partial)) return;
    throw new TarFormatError('archive is cut off', this.#current);
  }

  *#archive(): Parsing {
    let extensions: Extensions = {};
    for (;;) {
      this.#atBoundary = Object.keys(extensions).length === 0;
      const block = yield { exactly: TAR_BLOCK };
      if (isZeroBlock(block)) {
        if (!isZeroBlock(yield { exactly: TAR_BLOCK })) throw new TarFormatError('archive goes on after its end mark');
        return;
      }
      const header = decodeHeader(block);
      this.#atBoundary = false;
      this.#current = extensions.path ?? header.path;
      if ('LKxgX'.includes(header.flag)) {
        extensions = yield* this.#extension(header, extensions);
        continue;
      }
      // Only GNU's map of holes is read from it later; copies of all headers would pile up until they are collected.
      yield* this.#member(header.flag === 'S' ? Buffer.from(block) : block, header, extensions);
      extensions = {};
      this.#current = undefined;
    }
  }

  *#extension(header: TarHeader, extensions: Extensions): Parsing<Extensions> {
    if (header.size > EXTENSION_MAX) throw new TarFormatError(`extended header has ${header.size} bytes`);
    const padded = Buffer.from(yield* exactly(padding(header.size) + header.size));
    const body = padded.subarray(0, header.size);
    switch (header.flag) {
      case 'L':
        return { ...extensions, path: cString(body) };
      case 'K':
        return { ...extensions, linkTarget: cString(body) };
      case 'g':
        this.#addGlobals(decodePax(body).values);
        return extensions;
      default:
        return { ...extensions, pax: decodePax(body) };
    }
  }

  /** They stay: copies, so that a short value does not keep its whole header. */
  #addGlobals(values: ReadonlyMap<string, Buffer>): void {
    for (const [key, value] of values)
      this.#globals.set(Buffer.from(key, 'latin1').toString('latin1'), Buffer.from(value));
    let size = 0;
    for (const [key, value] of this.#globals) size += key.length + value.length + RECORD_COST;
    if (size > GLOBALS_MAX) throw new TarFormatError(`global extended headers take over ${GLOBALS_MAX} bytes`);
  }

  *#member(block: Buffer, header: TarHeader, extensions: Extensions): Parsing {
    const values = new Map([...this.#globals, ...(extensions.pax?.values ?? [])]);
    const pax = { values, sparse: extensions.pax?.sparse ?? [] };
    const member = decodeMember(header, { path: extensions.path, linkTarget: extensions.linkTarget }, pax);
    this.#current = member.entry?.path ?? this.#current;
    const before = member.entry ? yield* sparseMap(member, member.entry, block) : 0;
    if (member.entry) this.#handler.entry(member.entry);
    yield* this.#data(member.stored - before, member.entry?.type === 'file');
  }

  *#data(stored: number, wanted: boolean): Parsing {
    let left = stored;
    while (left > 0) {
      const piece = yield { upTo: left };
      left -= piece.length;
      if (wanted) this.#handler.data(piece);
    }
    if (padding(stored) > 0) yield { exactly: padding(stored) };
    if (wanted) this.#handler.end();
  }
}

/** Completes the entry of a sparse file; returns the bytes that its map takes in front of the data. */
function* sparseMap(member: Member, entry: TarEntry, block: Buffer): Parsing<number> {
  let map: { extents: TarExtent[]; size: number };
  let before = 0;
  if (block.toString('latin1', 156, 157) === 'S') {
    map = yield* oldGnuMap(block);
  } else if (member.sparse) {
    let { extents } = member.sparse;
    if (!extents) ({ extents, bytes: before } = yield* mapBeforeData());
    map = { extents, size: member.sparse.size };
  } else return 0;
  entry.size = map.size;
  entry.extents = checkExtents(map.extents, map.size, member.stored - before);
  return before;
}

function* exactly(size: number): Parsing<Buffer> {
  return size === 0 ? Buffer.alloc(0) : yield { exactly: size };
}

function* oldGnuMap(block: Buffer): Parsing<{ extents: TarExtent[]; size: number }> {
  const { extents, size, more } = oldGnuSparse(block);
  for (let next = more; next;) {
    const extension = oldGnuSparseExtension(yield { exactly: TAR_BLOCK });
    extents.push(...extension.extents);
    if (extents.length > SPARSE_RUNS_MAX) throw new TarFormatError(`sparse map has over ${SPARSE_RUNS_MAX} runs`);
    next = extension.more;
  }
  return { extents, size };
}

function* mapBeforeData(): Parsing<{ extents: TarExtent[]; bytes: number }> {
  const reader = new SparseMapReader(SPARSE_RUNS_MAX);
  for (let bytes = TAR_BLOCK; ; bytes += TAR_BLOCK) {
    const extents = reader.add(yield { exactly: TAR_BLOCK });
    if (extents) return { extents, bytes };
  }
}

const padding = (size: number): number => (TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK;

function cString(body: Buffer): string {
  const end = body.indexOf(0);
  return body.toString('latin1', 0, end < 0 ? body.length : end);
}

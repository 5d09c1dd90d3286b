/**
 * Cuts a zstd stream where its frames end, and drops skippable frames: node:zlib takes what follows a frame within one
 * piece for garbage and stops, though a stream may have any number of frames (RFC 8878, section 3), and published
 * layers do.
 */
import type { Parsing } from '../tar/byte-feed.ts';
import { ByteFeed } from '../tar/byte-feed.ts';

const FRAME_MAGIC = 0xfd2f_b528;
const BLOCK_RLE = 1;

export const isZstdMagic = (magic: number): boolean => magic === FRAME_MAGIC || isSkippable(magic);
const isSkippable = (magic: number): boolean => (magic & 0xffff_fff0) >>> 0 === 0x184d_2a50;

/** Pieces of the stream, none of which goes past the end of a frame. */
export async function* zstdFrames(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let ready: Buffer[] = [];
  const feed = new ByteFeed(frames((piece) => ready.push(piece)));
  for await (const piece of source) {
    feed.write(piece);
    yield* joined(ready);
    ready = [];
  }
  // A frame that is cut off is left to the decoder to report, as is anything that is no frame.
  yield* feed.rest();
}

const END = Buffer.alloc(0);

/** Pieces as large as they come: what lies between two ends of frames in one piece. An empty one marks an end. */
function* joined(pieces: readonly Buffer[]): Generator<Buffer> {
  let run: Buffer[] = [];
  for (const piece of [...pieces, END]) {
    if (piece.length > 0) run.push(piece);
    else if (run.length > 0) {
      yield run.length === 1 && run[0] ? run[0] : Buffer.concat(run);
      run = [];
    }
  }
}

function* frames(take: (piece: Buffer) => void): Parsing {
  for (;;) {
    const magic = yield { exactly: 4 };
    if (isSkippable(magic.readUInt32LE())) {
      const size = yield { exactly: 4 };
      yield* pass(size.readUInt32LE(), () => undefined);
      continue;
    }
    take(Buffer.from(magic));
    if (magic.readUInt32LE() !== FRAME_MAGIC) yield* pass(Infinity, take);
    yield* frame(take);
    take(END);
  }
}

function* frame(take: (piece: Buffer) => void): Parsing {
  const descriptor = yield { exactly: 1 };
  take(Buffer.from(descriptor));
  const flags = descriptor[0] ?? 0;
  yield* pass(frameHeaderSize(flags), take);
  for (let last = false; !last;) {
    const header = yield { exactly: 3 };
    take(Buffer.from(header));
    const bits = header.readUIntLE(0, 3);
    last = (bits & 1) === 1;
    yield* pass(((bits >> 1) & 3) === BLOCK_RLE ? 1 : bits >> 3, take);
  }
  if (flags & 0x04) yield* pass(4, take);
}

/** Bytes of the frame header behind its descriptor: window, dictionary and content size (RFC 8878, 3.1.1.1). */
function frameHeaderSize(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const content = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  return (isSingleSegment ? 0 : 1) + dictionary + content;
}

function* pass(size: number, take: (piece: Buffer) => void): Parsing {
  for (let left = size; left > 0;) {
    const piece = yield { upTo: left };
    left -= piece.length;
    take(piece);
  }
}

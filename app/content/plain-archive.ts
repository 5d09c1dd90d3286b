/** Archives as they come from people: packed in one of several ways, told by their first bytes. */
import { EngineError } from '../base/error.ts';
import { decompress, isDamage } from './layer/decompress.ts';

/** Docker takes these, too; neither Node nor every host has an unpacker of them. */
const unknown: readonly (readonly [name: string, head: Buffer])[] = [
  ['xz', Buffer.from('fd377a585a00', 'hex')],
  ['bzip2', Buffer.from('314159265359', 'hex')],
];
/** Of bzip2 the first four are `BZh` and a digit, which a plain archive's first name could be. */
const headBytes = 10;

/**
 * What an archive holds that is packed by gzip or zstd, or not at all.
 * @throws EngineError `invalid-argument` for other packings and damage
 */
export async function* plainArchive(archive: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* decompress(refusingUnknown(archive));
  } catch (error) {
    if (!isDamage(error)) throw error;
    throw new EngineError('invalid-argument', `The archive is damaged: ${error.message}.`, {
      hint: 'Make or fetch it again.',
      cause: error,
    });
  }
}

async function* refusingUnknown(archive: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let head = Buffer.alloc(0);
  for await (const piece of archive) {
    if (head.length < headBytes) {
      head = Buffer.concat([head, piece.subarray(0, headBytes)]);
      refuse(head);
    }
    yield piece;
  }
}

function refuse(head: Buffer): void {
  const magic = /^BZh[1-9]/.test(head.toString('latin1', 0, 4)) ? head.subarray(4) : head;
  const found = unknown.find(([, known]) => magic.subarray(0, known.length).equals(known));
  if (found === undefined) return;
  throw new EngineError('invalid-argument', `The archive is packed by ${found[0]}, which is not supported.`, {
    hint: 'Pack it by gzip or zstd, or not at all.',
  });
}

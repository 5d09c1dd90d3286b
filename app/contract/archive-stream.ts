/** Archives of containers over their streams (guest-agent/protocol/archive.ts says what these hold). Pure. */
import { archiveFailure } from '../../guest-agent/protocol/archive-failure.ts';
import { frameKind } from '../../guest-agent/protocol/stream-format.ts';
import { closeStdinFrame, decodeExit, FrameDecoder, stdinFrames } from './stdio-frames.ts';

/**
 * The archive's own bytes; each piece is only valid until the next is asked for.
 * @throws EngineError of what went wrong in the guest, at the end of what was sent
 */
export async function* archiveBytes(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const decoder = new FrameDecoder();
  let failure = '';
  for await (const chunk of stream)
    for (const { kind, payload } of decoder.push(chunk)) {
      if (kind === frameKind.stdout) yield payload;
      else if (kind === frameKind.stderr) failure += text(payload);
      else if (kind === frameKind.exit && decodeExit(payload).exitCode === 0) return;
      else throw archiveFailure(failure);
    }
  throw archiveFailure('');
}

/** As much of a Duplex as is needed here. */
export interface ArchiveSink extends AsyncIterable<Uint8Array> {
  write(bytes: Uint8Array): boolean;
  on(event: 'drain' | 'close', listener: () => void): this;
}

/** Sends an archive, and resolves when it is unpacked. @throws EngineError of what went wrong in the guest; what `archive` throws */
export async function sendArchive(stream: ArchiveSink, archive: AsyncIterable<Uint8Array>): Promise<void> {
  let over = false;
  let goOn: () => void = () => undefined;
  stream.on('drain', () => goOn()).on('close', () => goOn());
  const isOver = (): boolean => over;
  const outcome = finished(archiveBytes(stream)).finally(() => (over = true));
  outcome.catch(() => undefined);
  for await (const piece of archive)
    for (const frame of stdinFrames(piece)) {
      if (isOver()) return outcome;
      if (!stream.write(frame)) await Promise.race([new Promise<void>((resolve) => (goOn = resolve)), outcome]);
    }
  if (!isOver()) stream.write(closeStdinFrame());
  return outcome;
}

async function finished(pieces: AsyncGenerator<Uint8Array>): Promise<void> {
  while ((await pieces.next()).done !== true);
}

/** Pure code has no TextDecoder. */
function text(bytes: Uint8Array): string {
  try {
    return decodeURIComponent(Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''));
  } catch {
    return String.fromCharCode(...bytes);
  }
}

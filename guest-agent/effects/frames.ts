/** Frames between agent and monitor: those of protocol/stream-format.ts, and the few that never leave the guest (launcher/frames.h). */
import { frameKind, maxFrameBytes } from '../protocol/stream-format.ts';

export const monitorFrame = {
  ...frameKind,
  /** agent → monitor, u8: 1 stdin, 2 stdout, 4 stderr; stdio frames follow both ways */
  attach: 6,
  /** agent → monitor: tell pid and exit */
  watch: 7,
  /** monitor → agent, u32 pid: all is prepared, exec waits for an attach */
  ready: 16,
  /** monitor → agent, u32 pid: exec has happened */
  started: 17,
  /** launcher → agent: u8 section, u32 index, i32 errno, text */
  failed: 21,
} as const;

export interface Frame {
  readonly kind: number;
  readonly payload: Buffer;
}

const headerBytes = 5;

export function encodeFrame(kind: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt8(kind, 0);
  header.writeUInt32LE(payload.length, 1);
  return Buffer.concat([header, payload]);
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** Cuts frames out of a byte stream, whatever its pieces. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** @throws RangeError when the bytes are no frames. */
  push(chunk: Buffer): Frame[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Frame[] = [];
    while (this.#rest.length >= headerBytes) {
      const length = this.#rest.readUInt32LE(1);
      if (length > maxFrameBytes) throw new RangeError(`A frame of ${length} bytes is longer than any.`);
      const end = headerBytes + length;
      if (this.#rest.length < end) break;
      frames.push({ kind: this.#rest.readUInt8(0), payload: this.#rest.subarray(headerBytes, end) });
      this.#rest = this.#rest.subarray(end);
    }
    return frames;
  }
}

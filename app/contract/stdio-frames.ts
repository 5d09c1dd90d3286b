/**
 * The frames of a stdio stream (attach, exec, logs, shell) as protocol/stream-format.ts defines them: kind (u8), length (u32,
 * little endian), payload. Both halves work on any byte boundaries.
 */
import { EngineError } from '../../guest-agent/protocol/errors.ts';
import { frameKind, maxFrameBytes } from '../../guest-agent/protocol/stream-format.ts';

export const frameHeaderBytes = 5;

/** Larger than any frame of the protocol; a length beyond it means that the stream is not one of frames. */
const longestPayload = 1 << 20;

export interface Frame {
  readonly kind: number;
  readonly payload: Uint8Array;
}

export function encodeFrame(kind: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(frameHeaderBytes + payload.length);
  frame[0] = kind;
  new DataView(frame.buffer).setUint32(1, payload.length, true);
  frame.set(payload, frameHeaderBytes);
  return frame;
}

/** Bytes for stdin, in as many frames as it takes. */
export function stdinFrames(bytes: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += maxFrameBytes)
    frames.push(encodeFrame(frameKind.stdin, bytes.subarray(at, at + maxFrameBytes)));
  return frames;
}

/** Ends stdin. */
export function closeStdinFrame(): Uint8Array {
  return encodeFrame(frameKind.stdin, new Uint8Array());
}

/** Payload of a resize frame. */
export function encodeSize(rows: number, columns: number): Uint8Array {
  const payload = new Uint8Array(4);
  const view = new DataView(payload.buffer);
  view.setUint16(0, rows, true);
  view.setUint16(2, columns, true);
  return payload;
}

export function decodeSize(payload: Uint8Array): { rows: number; columns: number } {
  const view = viewOf(payload, 4);
  return { rows: view.getUint16(0, true), columns: view.getUint16(2, true) };
}

/** Payload of an exit frame. `signal` is 0 when the process ended by itself. */
export function encodeExit(exitCode: number, signal: number): Uint8Array {
  const payload = new Uint8Array(8);
  const view = new DataView(payload.buffer);
  view.setInt32(0, exitCode, true);
  view.setInt32(4, signal, true);
  return payload;
}

export function decodeExit(payload: Uint8Array): { exitCode: number; signal: number } {
  const view = viewOf(payload, 8);
  return { exitCode: view.getInt32(0, true), signal: view.getInt32(4, true) };
}

/** Cuts a byte stream into frames. A payload is only valid until the chunk that it came in is used again. */
export class FrameDecoder {
  #rest: Uint8Array = new Uint8Array(0);

  /** @throws EngineError `operation-failed` when the bytes are no frames. */
  push(chunk: Uint8Array): Frame[] {
    const bytes = this.#rest.length === 0 ? chunk : concat(this.#rest, chunk);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const frames: Frame[] = [];
    let at = 0;
    while (bytes.length - at >= frameHeaderBytes) {
      const length = view.getUint32(at + 1, true);
      if (length > longestPayload)
        throw new EngineError('operation-failed', `The stream holds a frame of ${length} bytes, which none can have.`);
      const end = at + frameHeaderBytes + length;
      if (end > bytes.length) break;
      frames.push({ kind: view.getUint8(at), payload: bytes.subarray(at + frameHeaderBytes, end) });
      at = end;
    }
    this.#rest = bytes.slice(at);
    return frames;
  }

  /** Bytes of a frame that has not ended; not 0 at the stream's end means that it was cut. */
  get pending(): number {
    return this.#rest.length;
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function viewOf(payload: Uint8Array, length: number): DataView {
  if (payload.length !== length)
    throw new EngineError('operation-failed', `A frame of ${length} bytes came with ${payload.length}.`);
  return new DataView(payload.buffer, payload.byteOffset, length);
}

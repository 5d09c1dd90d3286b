/** Frames that this side of a stdio stream sends (protocol/stream-format.ts). */
import { frameKind } from '../../../guest-agent/protocol/stream-format.ts';
import { encodeFrame, encodeSize } from '../../contract/stdio-frames.ts';

export function resizeFrame(rows: number, columns: number): Uint8Array {
  return encodeFrame(frameKind.resize, encodeSize(Math.min(rows, 0xffff), Math.min(columns, 0xffff)));
}

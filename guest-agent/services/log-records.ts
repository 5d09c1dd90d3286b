/**
 * The monitor's log on disk. A record is a stdio frame (protocol/stream-format.ts): kind (u8), length (u32, little endian), then
 * the time (u64 nanoseconds since the epoch, little endian) and the bytes as the process wrote them, not cut at line ends.
 */
import { readSync } from 'node:fs';
import { frameKind, maxFrameBytes } from '../protocol/stream-format.ts';

export const recordHeaderBytes = 13;
const lengthOfTime = 8;
const readAhead = 256 * 1024;
/** No monitor writes more at once: a greater length is damage. */
const maxRecordBytes = 1024 * 1024;

export interface LogRecord {
  readonly kind: number;
  readonly time: bigint;
  readonly bytes: Buffer;
  /** Where the record begins in its file, and where the next one does. */
  readonly offset: number;
  readonly end: number;
}

/** One record in the wire form of `container.logs`; cut in two frames where it would not fit one. */
export function encodeRecord(record: Pick<LogRecord, 'kind' | 'time' | 'bytes'>): Buffer {
  const room = maxFrameBytes - lengthOfTime;
  const frames: Buffer[] = [];
  for (let from = 0; from === 0 || from < record.bytes.length; from += room) {
    const part = record.bytes.subarray(from, from + room);
    const header = Buffer.alloc(recordHeaderBytes);
    header.writeUInt8(record.kind, 0);
    header.writeUInt32LE(part.length + lengthOfTime, 1);
    header.writeBigUInt64LE(record.time, 5);
    frames.push(header, part);
  }
  return Buffer.concat(frames);
}

/** Reads whole records from an open file that may still grow; a record not wholly written yet is left for the next call. */
export class RecordReader {
  readonly #fd: number;
  #offset: number;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(fd: number, offset = 0) {
    this.#fd = fd;
    this.#offset = offset;
  }

  /** The next record, or undefined at the present end. Bytes are valid until the next call but one. */
  next(): LogRecord | undefined {
    if (!this.#have(recordHeaderBytes)) return undefined;
    const kind = this.#buffer.readUInt8(0);
    const length = this.#buffer.readUInt32LE(1);
    const known = kind === frameKind.stdout || kind === frameKind.stderr;
    if (!known || length < lengthOfTime || length > maxRecordBytes) {
      this.#endHere();
      return undefined;
    }
    const total = recordHeaderBytes - lengthOfTime + length;
    if (!this.#have(total)) return undefined;
    const record: LogRecord = {
      kind,
      time: this.#buffer.readBigUInt64LE(5),
      bytes: this.#buffer.subarray(recordHeaderBytes, total),
      offset: this.#offset,
      end: this.#offset + total,
    };
    this.#buffer = this.#buffer.subarray(total);
    this.#offset += total;
    return record;
  }

  #have(count: number): boolean {
    while (this.#buffer.length < count) {
      const more = Buffer.allocUnsafe(Math.max(readAhead, count - this.#buffer.length));
      const read = readSync(this.#fd, more, 0, more.length, this.#offset + this.#buffer.length);
      if (read === 0) return false;
      const fresh = more.subarray(0, read);
      this.#buffer = this.#buffer.length === 0 ? fresh : Buffer.concat([this.#buffer, fresh]);
    }
    return true;
  }

  /** After a power loss a file may end in zeros: nothing behind the damage can be told apart, so the file ends there. */
  #endHere(): void {
    this.#buffer = Buffer.alloc(0);
    this.#offset = Number.MAX_SAFE_INTEGER - readAhead * 2;
  }
}

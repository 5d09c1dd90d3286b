/** Records of `container.logs` with their times before each line, as at every front door. */
import { rfc3339 } from './times.ts';

/** Bytes of the time (u64 nanoseconds, little endian) at the start of a log record. */
export const recordTimeBytes = 8;

const lineFeed = 0x0a;

/** What stands before each line. */
export interface LinePrefix {
  readonly time: boolean;
  /** After the time, as it is. */
  readonly details: string;
}

/** Puts something before each line; a line may come in several records. */
export class LogStamper {
  readonly #prefix: LinePrefix;
  #atLineStart = true;

  constructor(prefix: LinePrefix) {
    this.#prefix = prefix;
  }

  /** @param record a frame's payload: time, then bytes */
  stamp(record: Uint8Array): Uint8Array {
    const { time, details } = this.#prefix;
    if (!time && details === '') return record.slice(recordTimeBytes);
    const prefix = Array.from(`${time ? timeOf(record) : ''}${details}`, (letter) => letter.charCodeAt(0));
    const out: number[] = [];
    for (const byte of record.subarray(recordTimeBytes)) {
      if (this.#atLineStart) out.push(...prefix);
      out.push(byte);
      this.#atLineStart = byte === lineFeed;
    }
    return Uint8Array.from(out);
  }
}

function timeOf(record: Uint8Array): string {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  return `${rfc3339(String(view.getBigUint64(0, true)))} `;
}

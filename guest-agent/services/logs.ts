/** A container's log as a stream of frames: the last lines, a time window, and what is still being written. */
import { watch } from 'node:fs';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { frameKind } from '../protocol/stream-format.ts';
import { LogCursor } from './log-cursor.ts';
import { encodeRecord, type LogRecord } from './log-records.ts';
import { tailPlace, type LogPlace } from './log-tail.ts';

const lineFeed = 0x0a;
/** Frames handed on in one go. */
const batchBytes = 64 * 1024;

export interface LogQuery {
  readonly follow: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Nanoseconds since the epoch; both ends count. */
  readonly since?: bigint;
  readonly until?: bigint;
  /** Number of lines within the time window; -1 for all. */
  readonly tail: number;
}

/**
 * `ended` resolves when nothing more will be written; a follower then sends the rest and ends. A log that does not exist
 * yet is an empty one.
 */
export function readLog(log: { path: string; maxFiles: number }, query: LogQuery, ended: Promise<unknown>): Readable {
  const changes = query.follow ? new Changes(dirname(log.path), ended) : undefined;
  const stream = Readable.from(batches(log, query, changes), { objectMode: false, highWaterMark: batchBytes });
  return stream.once('close', () => changes?.close());
}

async function* batches(
  log: { path: string; maxFiles: number },
  query: LogQuery,
  changes: Changes | undefined,
): AsyncGenerator<Buffer> {
  const wanted = (record: LogRecord): boolean => inWindow(record, query);
  const place = query.tail < 0 ? undefined : tailPlace(log, query.tail, wanted);
  const cursor = new LogCursor(log, place);
  const cut = place === undefined ? undefined : new Cut(place);
  try {
    for (;;) {
      const last = changes === undefined || changes.ended;
      for (let batch = gather(cursor, wanted, cut); batch !== undefined; batch = gather(cursor, wanted, cut))
        yield batch;
      if (last || isPast(query.until)) return;
      await changes.next();
    }
  } finally {
    cursor.close();
  }
}

/** Frames of the next records, about {@link batchBytes}; undefined at the present end. */
function gather(cursor: LogCursor, wanted: (record: LogRecord) => boolean, cut: Cut | undefined): Buffer | undefined {
  const frames: Buffer[] = [];
  let size = 0;
  while (size < batchBytes) {
    const record = cursor.next();
    if (record === undefined) break;
    if (!wanted(record)) continue;
    const bytes = cut === undefined ? record.bytes : cut.apply(record, cursor.inode);
    if (bytes.length === 0) continue;
    const frame = encodeRecord({ kind: record.kind, time: record.time, bytes });
    frames.push(frame);
    size += frame.length;
  }
  return size === 0 ? undefined : Buffer.concat(frames, size);
}

function inWindow(record: LogRecord, query: LogQuery): boolean {
  if (record.kind === frameKind.stdout ? !query.stdout : !query.stderr) return false;
  return record.time >= (query.since ?? 0n) && (query.until === undefined || record.time <= query.until);
}

function isPast(until: bigint | undefined): boolean {
  return until !== undefined && BigInt(Date.now()) * 1_000_000n > until;
}

/** Takes away what belongs to lines before the place. */
class Cut {
  readonly #place: LogPlace;
  readonly #continued: Set<number>;

  constructor(place: LogPlace) {
    this.#place = place;
    this.#continued = new Set(place.continued);
  }

  apply(record: LogRecord, inode: bigint | undefined): Buffer {
    const atPlace = record.offset === this.#place.offset && inode === this.#place.inode;
    const bytes = atPlace ? record.bytes.subarray(this.#place.skip) : record.bytes;
    if (!this.#continued.has(record.kind)) return bytes;
    const end = bytes.indexOf(lineFeed);
    if (end >= 0) this.#continued.delete(record.kind);
    return end < 0 ? bytes.subarray(bytes.length) : bytes.subarray(end + 1);
  }
}

/** Wakes a follower: on any change in the log's folder (inotify(7)), and when the writer has ended. */
class Changes {
  ended = false;
  #changed = false;
  #wake: (() => void) | undefined;
  readonly #watcher;

  constructor(folder: string, ended: Promise<unknown>) {
    this.#watcher = watch(folder, () => this.#notify());
    this.#watcher.on('error', () => this.#end());
    ended.then(
      () => this.#end(),
      () => this.#end(),
    );
  }

  async next(): Promise<void> {
    if (!this.#changed && !this.ended) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#changed = false;
  }

  close(): void {
    this.#watcher.close();
    this.#end();
  }

  #end(): void {
    this.ended = true;
    this.#notify();
  }

  #notify(): void {
    this.#changed = true;
    this.#wake?.();
    this.#wake = undefined;
  }
}

/** Where the last lines of a log begin. */
import { closeSync } from 'node:fs';
import { logFiles, openLogFile } from './log-files.ts';
import { RecordReader, type LogRecord } from './log-records.ts';

const lineFeed = 0x0a;

/** Nothing before this place is shown. */
export interface LogPlace {
  readonly inode: bigint;
  readonly offset: number;
  /** Bytes of the record at `offset` that belong to an earlier line. */
  readonly skip: number;
  /** Streams in the middle of an earlier line here: they are left out up to their next line end. */
  readonly continued: ReadonlySet<number>;
}

/**
 * The place of the last `lines` lines among the records that `wanted` lets pass; undefined when all is to be shown. A line
 * belongs to one stream; a last line without its line end counts. The whole log is read: its size is bounded by rotation,
 * and only so is it known where lines that cross files begin.
 */
export function tailPlace(
  log: { path: string; maxFiles: number },
  lines: number,
  wanted: (record: LogRecord) => boolean,
): LogPlace | undefined {
  const scan = new Scan(lines);
  for (const file of logFiles(log.path, log.maxFiles)) {
    const opened = openLogFile(file);
    if (opened === undefined) continue;
    try {
      const reader = new RecordReader(opened.fd);
      scan.enter(opened.inode);
      for (let record = reader.next(); record !== undefined; record = reader.next()) scan.add(record, wanted(record));
    } finally {
      closeSync(opened.fd);
    }
  }
  return scan.place();
}

class Scan {
  readonly #lines: number;
  readonly #starts: LogPlace[] = [];
  readonly #open = new Set<number>();
  #inode: bigint | undefined;
  #end = 0;
  #count = 0;

  constructor(lines: number) {
    this.#lines = lines;
  }

  enter(inode: bigint): void {
    this.#inode = inode;
    this.#end = 0;
  }

  add(record: LogRecord, wanted: boolean): void {
    this.#end = record.end;
    const { bytes, kind } = record;
    for (let at = 0; wanted && at < bytes.length;) {
      if (!this.#open.has(kind)) this.#begin(record.offset, at);
      const end = bytes.indexOf(lineFeed, at);
      if (end < 0) return void this.#open.add(kind);
      this.#open.delete(kind);
      at = end + 1;
    }
  }

  place(): LogPlace | undefined {
    if (this.#inode === undefined) return undefined;
    if (this.#lines === 0) return { inode: this.#inode, offset: this.#end, skip: 0, continued: new Set(this.#open) };
    return this.#count < this.#lines ? undefined : this.#starts.at(-this.#lines);
  }

  #begin(offset: number, skip: number): void {
    if (this.#lines === 0 || this.#inode === undefined) return;
    this.#count += 1;
    this.#starts.push({ inode: this.#inode, offset, skip, continued: new Set(this.#open) });
    if (this.#starts.length > this.#lines * 2 + 1024) this.#starts.splice(0, this.#starts.length - this.#lines);
  }
}

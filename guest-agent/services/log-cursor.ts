/** Walks the records of a log in order, over rotations, without a gap or a repetition while files are still there. */
import { closeSync } from 'node:fs';
import { logFiles, openLogFile } from './log-files.ts';
import { RecordReader, type LogRecord } from './log-records.ts';

interface OpenFile {
  readonly fd: number;
  readonly inode: bigint;
  readonly reader: RecordReader;
}

export class LogCursor {
  readonly #path: string;
  readonly #maxFiles: number;
  #file: OpenFile | undefined;

  /** Begins at the oldest record, or at the given place. An open file keeps its inode number from being used again. */
  constructor(log: { path: string; maxFiles: number }, from?: { inode: bigint; offset: number }) {
    this.#path = log.path;
    this.#maxFiles = log.maxFiles;
    if (from === undefined) return;
    const file = logFiles(this.#path, this.#maxFiles).find((candidate) => candidate.inode === from.inode);
    const opened = file === undefined ? undefined : openLogFile(file);
    if (opened !== undefined) this.#file = { ...opened, reader: new RecordReader(opened.fd, from.offset) };
  }

  get inode(): bigint | undefined {
    return this.#file?.inode;
  }

  /** The next record, or undefined at the present end. */
  next(): LogRecord | undefined {
    for (;;) {
      const record = this.#file?.reader.next();
      if (record !== undefined) return record;
      const newer = this.#newer();
      if (newer === undefined) return undefined;
      // Rotation comes after the last write to a file: what was written just before it is read now.
      const last = this.#file?.reader.next();
      if (last !== undefined) {
        closeSync(newer.fd);
        return last;
      }
      this.close();
      this.#file = newer;
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file.fd);
    this.#file = undefined;
  }

  #newer(): OpenFile | undefined {
    for (;;) {
      const files = logFiles(this.#path, this.#maxFiles);
      const present = files.findIndex((file) => file.inode === this.#file?.inode);
      const next = files[present + 1];
      if (next === undefined) return undefined;
      const opened = openLogFile(next);
      if (opened !== undefined) return { ...opened, reader: new RecordReader(opened.fd) };
    }
  }
}

/** A command line, its exit code, and what it prints: on standard output, or on standard error when it fails. */
export type Row = readonly [line: string, code: number, prints: RegExp];

export interface Table {
  readonly name: string;
  readonly rows: readonly Row[];
}

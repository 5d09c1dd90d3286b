/** PAX extended header records (POSIX.1-2001 pax(1)): `LENGTH KEY=VALUE\n`, values being bytes. */
import type { TarExtent } from './entry.ts';
import { TarFormatError } from './entry.ts';

export interface PaxRecords {
  /** The last value of each key. */
  values: Map<string, Buffer>;
  /** Values of the repeated `GNU.sparse.offset` and `GNU.sparse.numbytes` keys (sparse format 0.0). */
  sparse: TarExtent[];
}

export function decodePax(body: Buffer): PaxRecords {
  const records: PaxRecords = { values: new Map(), sparse: [] };
  let position = 0;
  while (position < body.length) {
    const space = body.indexOf(0x20, position);
    const digits = space < 0 ? '' : body.toString('latin1', position, space);
    const end = position + (/^[0-9]{1,10}$/.test(digits) ? Number(digits) : 0);
    const equals = body.indexOf(0x3d, space);
    if (end > body.length || end <= space || equals < 0 || equals >= end || body[end - 1] !== 0x0a)
      throw new TarFormatError('extended header has a malformed record');
    addRecord(records, body.toString('latin1', space + 1, equals), body.subarray(equals + 1, end - 1));
    position = end;
  }
  return records;
}

function addRecord(records: PaxRecords, key: string, value: Buffer): void {
  if (key === 'GNU.sparse.offset') records.sparse.push({ offset: paxInteger(value, key), length: 0 });
  else if (key === 'GNU.sparse.numbytes') {
    const last = records.sparse.at(-1);
    if (!last) throw new TarFormatError('extended header has a sparse length without an offset');
    last.length = paxInteger(value, key);
  } else records.values.set(key, value);
}

/** A decimal number, not negative. */
export function paxInteger(value: Buffer | string, key: string): number {
  const digits = value.toString('latin1');
  const number = /^[0-9]+$/.test(digits) ? Number(digits) : NaN;
  if (!Number.isSafeInteger(number)) throw new TarFormatError(`extended header has no number in ${key}`);
  return number;
}

/** `SECONDS[.FRACTION]`, may be negative; digits past the ninth are dropped (towards the past, as GNU tar does). */
export function paxTime(value: Buffer, key: string): { seconds: number; nanoseconds: number } {
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(value.toString('latin1'));
  if (!match) throw new TarFormatError(`extended header has no time in ${key}`);
  const [, sign, whole = '0', fraction = ''] = match;
  const nanoseconds = Number(fraction.slice(0, 9).padEnd(9, '0'));
  const seconds = Number(whole);
  if (sign !== '-') return { seconds, nanoseconds };
  const dropped = /[1-9]/.test(fraction.slice(9)) ? 1 : 0;
  const down = nanoseconds + dropped;
  return down === 0 ? { seconds: 0 - seconds, nanoseconds: 0 } : { seconds: -seconds - 1, nanoseconds: 1e9 - down };
}

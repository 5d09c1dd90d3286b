/** Maps of sparse files: GNU's old header form and the three PAX forms (GNU tar's manual, "Storing Sparse Files"). */
import type { TarExtent } from './entry.ts';
import { TarFormatError } from './entry.ts';
import { numeric } from './header.ts';
import type { PaxRecords } from './pax.ts';
import { paxInteger } from './pax.ts';

const SLOT = 24;

function slots(block: Buffer, offset: number, count: number): TarExtent[] {
  const extents: TarExtent[] = [];
  for (let at = offset; at < offset + count * SLOT && block[at + 12] !== 0; at += SLOT) {
    extents.push({
      offset: numeric(block, at, 12, 'sparse offset'),
      length: numeric(block, at + 12, 12, 'sparse length'),
    });
  }
  return extents;
}

/** The part of a type `S` header that tells of holes; `more` says that an extension block follows. */
export function oldGnuSparse(block: Buffer): { extents: TarExtent[]; size: number; more: boolean } {
  return { extents: slots(block, 386, 4), size: numeric(block, 483, 12, 'real size'), more: block[482] !== 0 };
}

export function oldGnuSparseExtension(block: Buffer): { extents: TarExtent[]; more: boolean } {
  return { extents: slots(block, 0, 21), more: block[504] !== 0 };
}

export interface PaxSparse {
  size: number;
  /** Absent in format 1.0, whose map stands in front of the data. */
  extents?: TarExtent[];
}

/** What the extended header says of holes, if it does. */
export function paxSparse({ values, sparse }: PaxRecords): PaxSparse | undefined {
  const number = (key: string): number => paxInteger(values.get(key) ?? '', key);
  if (values.has('GNU.sparse.major')) {
    if (number('GNU.sparse.major') !== 1) throw new TarFormatError('sparse format version is unknown');
    return { size: number('GNU.sparse.realsize') };
  }
  if (!values.has('GNU.sparse.size')) return undefined;
  const map = values.get('GNU.sparse.map');
  return { size: number('GNU.sparse.size'), extents: map ? paxSparseMap(map.toString('latin1')) : sparse };
}

function paxSparseMap(map: string): TarExtent[] {
  if (map === '') return [];
  const numbers = map.split(',').map((value) => paxInteger(value, 'GNU.sparse.map'));
  const extents: TarExtent[] = [];
  for (let index = 0; index + 1 < numbers.length; index += 2)
    extents.push({ offset: numbers[index] ?? 0, length: numbers[index + 1] ?? 0 });
  return extents;
}

/** Reads the map of format 1.0: decimal numbers, one a line: the count, then offset and length of each run. */
export class SparseMapReader {
  readonly #numbers: number[] = [];
  readonly #limit: number;
  #digits = '';

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Takes one block; returns the map once it is complete, the block's rest being padding. */
  add(block: Buffer): TarExtent[] | undefined {
    for (const byte of block) {
      if (byte !== 0x0a) {
        this.#digits += String.fromCharCode(byte);
        if (this.#digits.length > 20) throw new TarFormatError('sparse map is malformed');
        continue;
      }
      this.#numbers.push(paxInteger(this.#digits, 'the sparse map'));
      this.#digits = '';
      const [count = 0] = this.#numbers;
      if (count > this.#limit) throw new TarFormatError(`sparse map has ${count} runs, over ${this.#limit}`);
      if (this.#numbers.length === 1 + count * 2) return this.#extents();
    }
    return undefined;
  }

  #extents(): TarExtent[] {
    const extents: TarExtent[] = [];
    for (let index = 1; index < this.#numbers.length; index += 2)
      extents.push({ offset: this.#numbers[index] ?? 0, length: this.#numbers[index + 1] ?? 0 });
    return extents;
  }
}

/** Drops empty runs. @throws TarFormatError unless the runs ascend within the file and hold `stored` bytes in all. */
export function checkExtents(extents: readonly TarExtent[], size: number, stored: number): TarExtent[] {
  let end = 0;
  let sum = 0;
  for (const { offset, length } of extents) {
    if (offset < end || offset + length > size) throw new TarFormatError('sparse map has runs out of order or range');
    end = offset + length;
    sum += length;
  }
  if (sum !== stored) throw new TarFormatError(`sparse map tells of ${sum} bytes, the archive holds ${stored}`);
  return extents.filter((extent) => extent.length > 0);
}

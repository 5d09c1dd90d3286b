/**
 * The 512-byte header block in its v7, ustar (POSIX.1-1988), GNU and star variants.
 * Source: GNU tar's manual, "Basic Tar Format"; libarchive's tar(5).
 */
import { TarFormatError } from './entry.ts';

export const TAR_BLOCK = 512;
const CHECKSUM = { offset: 148, size: 8 };

export interface TarHeader {
  /** The type flag as a character; `\0` is given as `0`. */
  flag: string;
  path: string;
  linkTarget: string;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  mtime: number;
  deviceMajor: number;
  deviceMinor: number;
}

export function isZeroBlock(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

/** Decodes a header block. @throws TarFormatError for a wrong checksum or a field that is no number. */
export function decodeHeader(block: Buffer): TarHeader {
  verifyChecksum(block);
  const name = text(block, 0, 100);
  const ustar = block.toString('latin1', 257, 263) === 'ustar\0';
  const anyUstar = block.toString('latin1', 257, 262) === 'ustar';
  const star = ustar && block.toString('latin1', 508, 512) === 'tar\0';
  const prefix = ustar ? text(block, 345, star ? 131 : 155) : '';
  const flag = block.toString('latin1', 156, 157);
  return {
    flag: flag === '\0' ? '0' : flag,
    path: prefix === '' ? name : `${prefix}/${name}`,
    linkTarget: text(block, 157, 100),
    mode: numeric(block, 100, 8, 'mode'),
    uid: numeric(block, 108, 8, 'uid'),
    gid: numeric(block, 116, 8, 'gid'),
    size: numeric(block, 124, 12, 'size'),
    mtime: numeric(block, 136, 12, 'mtime'),
    deviceMajor: anyUstar ? numeric(block, 329, 8, 'device major') : 0,
    deviceMinor: anyUstar ? numeric(block, 337, 8, 'device minor') : 0,
  };
}

/** Bytes up to the first NUL, as latin1. */
function text(block: Buffer, offset: number, size: number): string {
  const end = block.indexOf(0, offset);
  return block.toString('latin1', offset, end < 0 ? offset + size : Math.min(end, offset + size));
}

/** Octal digits, or a big-endian two's complement number if the first byte's high bit is set (GNU's base-256). */
export function numeric(block: Buffer, offset: number, size: number, field: string): number {
  if ((block[offset] ?? 0) & 0x80) return base256(block.subarray(offset, offset + size), field);
  const digits = text(block, offset, size).trim();
  if (digits === '') return 0;
  if (!/^[0-7]+$/.test(digits)) throw new TarFormatError(`header has no number in its ${field} field`);
  return parseInt(digits, 8);
}

function base256(bytes: Buffer, field: string): number {
  const raw = BigInt(`0x${bytes.toString('hex')}`) & ((1n << BigInt(bytes.length * 8 - 1)) - 1n);
  const value = BigInt.asIntN(bytes.length * 8 - 1, raw);
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new TarFormatError(`header has too large a number in its ${field} field`);
  return number;
}

/** The sum of all bytes with the checksum field taken as spaces; old archivers summed signed bytes. */
function verifyChecksum(block: Buffer): void {
  let unsigned = 0;
  let signed = 0;
  for (let index = 0; index < TAR_BLOCK; index++) {
    const inField = index >= CHECKSUM.offset && index < CHECKSUM.offset + CHECKSUM.size;
    const byte = inField ? 0x20 : (block[index] ?? 0);
    unsigned += byte;
    signed += byte < 0x80 ? byte : byte - 0x100;
  }
  const stored = numeric(block, CHECKSUM.offset, CHECKSUM.size, 'checksum');
  if (stored !== unsigned && stored !== signed) throw new TarFormatError('header has a wrong checksum');
}

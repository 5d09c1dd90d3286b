/** The little of ELF (64 bit, little endian) that the build needs. Source: elf(5). */
import { EngineError } from '../guest-agent/protocol/errors.ts';

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const DT_NEEDED = 1n;
const DT_STRTAB = 5n;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: bigint;
  readonly size: number;
}

export function isElf(file: Buffer): boolean {
  return file.length > 64 && file.readUInt32BE(0) === 0x7f454c46 && file[4] === 2 && file[5] === 1;
}

/** Names of the shared libraries that a program or library is linked with; none for a static one. */
export function neededLibraries(file: Buffer): string[] {
  const all = segments(file);
  const dynamic = all.find((s) => s.type === PT_DYNAMIC);
  if (dynamic === undefined) return [];
  const entries: [bigint, bigint][] = [];
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += 16)
    entries.push([file.readBigUInt64LE(at), file.readBigUInt64LE(at + 8)]);
  const table = entries.find(([tag]) => tag === DT_STRTAB)?.[1];
  if (table === undefined) return [];
  const strings = fileOffset(all, table);
  return entries.filter(([tag]) => tag === DT_NEEDED).map(([, at]) => cString(file, strings + Number(at)));
}

/** The bytes of a named section, if there is one. */
export function section(file: Buffer, name: string): Buffer | undefined {
  const headers = Number(file.readBigUInt64LE(0x28));
  const [entrySize, count, namesIndex] = [file.readUInt16LE(0x3a), file.readUInt16LE(0x3c), file.readUInt16LE(0x3e)];
  const names = Number(file.readBigUInt64LE(headers + namesIndex * entrySize + 0x18));
  for (let index = 0; index < count; index++) {
    const header = headers + index * entrySize;
    if (cString(file, names + file.readUInt32LE(header)) !== name) continue;
    const offset = Number(file.readBigUInt64LE(header + 0x18));
    return file.subarray(offset, offset + Number(file.readBigUInt64LE(header + 0x20)));
  }
  return undefined;
}

/**
 * A program without what is not loaded at run time: symbols, debug information, section headers. Works for every
 * processor, which `strip` of one distribution does not.
 */
export function stripped(file: Buffer): Buffer {
  const end = Math.max(...segments(file).map((s) => s.offset + s.size));
  const kept = Buffer.from(file.subarray(0, end));
  kept.writeBigUInt64LE(0n, 0x28);
  kept.writeUInt16LE(0, 0x3c);
  kept.writeUInt16LE(0, 0x3e);
  return kept;
}

function segments(file: Buffer): Segment[] {
  if (!isElf(file))
    throw new EngineError('corrupt-content', 'A file of the guest is not a 64-bit little-endian ELF file.', {
      hint: 'Delete the cache folder and build again.',
    });
  const [headers, entrySize, count] = [
    Number(file.readBigUInt64LE(0x20)),
    file.readUInt16LE(0x36),
    file.readUInt16LE(0x38),
  ];
  return Array.from({ length: count }, (_, index) => {
    const at = headers + index * entrySize;
    return {
      type: file.readUInt32LE(at),
      offset: Number(file.readBigUInt64LE(at + 0x08)),
      address: file.readBigUInt64LE(at + 0x10),
      size: Number(file.readBigUInt64LE(at + 0x20)),
    };
  });
}

function fileOffset(all: readonly Segment[], address: bigint): number {
  const home = all.find((s) => s.type === PT_LOAD && address >= s.address && address < s.address + BigInt(s.size));
  if (home === undefined)
    throw new EngineError('corrupt-content', 'An ELF file names an address outside its segments.');
  return home.offset + Number(address - home.address);
}

function cString(file: Buffer, at: number): string {
  return file.toString('latin1', at, file.indexOf(0, at));
}

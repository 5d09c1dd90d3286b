/**
 * Classic BPF as seccomp(2) takes it: instructions and their encoding (struct sock_filter of linux/filter.h), and the
 * few shapes of code that the compiler puts together. Code is composed of blocks that always end in a return or fall
 * through to the next block, so that every jump is forward and inside its block.
 */
export interface Instruction {
  code: number;
  /** Instructions skipped when the test holds, 0…255. */
  jt: number;
  /** Instructions skipped when it does not. */
  jf: number;
  k: number;
}

export const opcode = {
  loadWord: 0x20,
  and: 0x54,
  jumpAlways: 0x05,
  jumpEqual: 0x15,
  jumpGreater: 0x25,
  jumpGreaterOrEqual: 0x35,
  return: 0x06,
} as const;

/** Longest distance that a conditional jump's 8 bits take. */
export const maxBranch = 255;
/** BPF_MAXINSNS. */
export const maxInstructions = 4096;

/** Offsets in struct seccomp_data of linux/seccomp.h, little endian. */
export const seccompData = {
  number: 0,
  architecture: 4,
  argumentLow: (index: number) => 16 + 8 * index,
  argumentHigh: (index: number) => 20 + 8 * index,
} as const;

export function load(offset: number): Instruction {
  return { code: opcode.loadWord, jt: 0, jf: 0, k: offset };
}

export function and(mask: number): Instruction {
  return { code: opcode.and, jt: 0, jf: 0, k: mask };
}

export function ret(value: number): Instruction {
  return { code: opcode.return, jt: 0, jf: 0, k: value };
}

type Test = 'jumpEqual' | 'jumpGreater' | 'jumpGreaterOrEqual';

export function branch(test: Test, k: number, jt: number, jf: number): Instruction {
  return { code: opcode[test], jt, jf, k };
}

/** `test` holds: `yes` runs, else `no`. Both must end in returns. A `no` too long to be jumped over gets a long jump. */
export function choose(test: Test, k: number, yes: readonly Instruction[], no: readonly Instruction[]): Instruction[] {
  if (no.length <= maxBranch) return [branch(test, k, no.length, 0), ...no, ...yes];
  return [branch(test, k, 0, 1), { code: opcode.jumpAlways, jt: 0, jf: 0, k: no.length }, ...no, ...yes];
}

/** struct sock_filter[]: u16 code, u8 jt, u8 jf, u32 k, little endian. */
export function encodeProgram(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  program.forEach((instruction, index) => {
    view.setUint16(index * 8, instruction.code, true);
    view.setUint8(index * 8 + 2, instruction.jt);
    view.setUint8(index * 8 + 3, instruction.jf);
    view.setUint32(index * 8 + 4, instruction.k >>> 0, true);
  });
  return bytes;
}

export function decodeProgram(bytes: Uint8Array): Instruction[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / 8 }, (_, index) => ({
    code: view.getUint16(index * 8, true),
    jt: view.getUint8(index * 8 + 2),
    jf: view.getUint8(index * 8 + 3),
    k: view.getUint32(index * 8 + 4, true),
  }));
}

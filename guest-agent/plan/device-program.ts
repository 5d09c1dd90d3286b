/**
 * Device rules as a program of type BPF_PROG_TYPE_CGROUP_DEVICE, which the kernel runs for every open and mknod of a device
 * by a process of the cgroup (include/uapi/linux/bpf.h; Documentation/bpf/standardization/instruction-set.rst).
 */
import type { DeviceRule } from './device-rules.ts';

/** struct bpf_insn. */
export interface Instruction {
  code: number;
  destination: number;
  source: number;
  /** Of a jump: instructions that are skipped. */
  offset: number;
  immediate: number;
}

export const opcode = {
  /** destination = *(u32 *)(source + offset) */
  loadWord: 0x61,
  copy: 0xbf,
  set: 0xb7,
  and: 0x57,
  shiftRight: 0x77,
  jumpEqual: 0x15,
  /** Of the lower 32 bits. */
  jumpNotEqual32: 0x56,
  exit: 0x95,
} as const;

/** struct bpf_cgroup_dev_ctx, which register 1 points at. The type is the lower half of `accessType`, the access the upper. */
const context = { accessType: 0, major: 4, minor: 8 } as const;
/** BPF_DEVCG_DEV_* and BPF_DEVCG_ACC_*. */
const typeOf = { block: 1, char: 2 } as const;
const accessBits = { m: 1, r: 2, w: 4 } as const;

const register = { result: 0, context: 1, type: 2, access: 3, major: 4, minor: 5 } as const;

function instruction(code: number, destination: number, rest: Partial<Instruction> = {}): Instruction {
  return { code, destination, source: 0, offset: 0, immediate: 0, ...rest };
}

const begin: readonly Instruction[] = [
  instruction(opcode.loadWord, register.type, { source: register.context, offset: context.accessType }),
  instruction(opcode.copy, register.access, { source: register.type }),
  instruction(opcode.shiftRight, register.access, { immediate: 16 }),
  instruction(opcode.and, register.type, { immediate: 0xffff }),
  instruction(opcode.loadWord, register.major, { source: register.context, offset: context.major }),
  instruction(opcode.loadWord, register.minor, { source: register.context, offset: context.minor }),
];

const answer = (value: number): Instruction[] => [
  instruction(opcode.set, register.result, { immediate: value }),
  instruction(opcode.exit, 0),
];

/**
 * Each rule that fits takes away what it allows from what is asked for; when nothing is left, the answer is yes. So an open
 * for reading and writing may be allowed by two rules together. The kernel wants at least one rule: it refuses code that nothing leads to.
 */
export function compileDeviceRules(rules: readonly DeviceRule[]): Instruction[] {
  const code = [...begin, ...rules.flatMap(ruleCode), ...answer(0)];
  const toYes = (at: number): number => code.length - at - 1;
  return [
    ...code.map((one, at) => (one.code === opcode.jumpEqual ? { ...one, offset: toYes(at) } : one)),
    ...answer(1),
  ];
}

/** Ends with the jump to the answer yes, which is far away. */
function ruleCode({ kind, major, minor, access }: DeviceRule): Instruction[] {
  const bits = Object.entries(accessBits).reduce(
    (all, [letter, bit]) => (access.includes(letter) ? all | bit : all),
    0,
  );
  const wanted: readonly (readonly [number, number | undefined])[] = [
    [register.type, kind === 'any' ? undefined : typeOf[kind]],
    [register.major, major],
    [register.minor, minor],
  ];
  const tests = wanted.flatMap(([place, immediate]) =>
    immediate === undefined ? [] : [instruction(opcode.jumpNotEqual32, place, { immediate })],
  );
  return [
    // Past the tests that follow, and the two instructions below.
    ...tests.map((test, index) => ({ ...test, offset: tests.length - index + 1 })),
    instruction(opcode.and, register.access, { immediate: ~bits }),
    instruction(opcode.jumpEqual, register.access),
  ];
}

/** struct bpf_insn[]: u8 code, 4 bits each of destination and source, s16 offset, s32 immediate, little endian. */
export function encodeInstructions(program: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  program.forEach(({ code, destination, source, offset, immediate }, index) => {
    view.setUint8(index * 8, code);
    view.setUint8(index * 8 + 1, destination | (source << 4));
    view.setInt16(index * 8 + 2, offset, true);
    view.setInt32(index * 8 + 4, immediate, true);
  });
  return bytes;
}

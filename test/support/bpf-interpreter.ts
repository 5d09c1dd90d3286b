/** Runs classic BPF over a struct seccomp_data as the kernel does, failing on anything that its checker refuses. */
import { decodeProgram, type Instruction } from '../../guest-agent/plan/seccomp/bpf.ts';

export interface SeccompData {
  number: number;
  architecture: number;
  args: readonly bigint[];
}

export interface Outcome {
  result: number;
  /** Instructions executed. */
  steps: number;
}

/** struct seccomp_data: int nr; __u32 arch; __u64 instruction_pointer; __u64 args[6]. */
function encodeData(data: SeccompData): DataView {
  const view = new DataView(new ArrayBuffer(64));
  view.setUint32(0, data.number >>> 0, true);
  view.setUint32(4, data.architecture >>> 0, true);
  data.args.forEach((value, index) => view.setBigUint64(16 + index * 8, BigInt.asUintN(64, value), true));
  return view;
}

function jump(instruction: Instruction, accumulator: number): number {
  const k = instruction.k >>> 0;
  const tests: Readonly<Record<number, boolean>> = {
    0x15: accumulator === k,
    0x25: accumulator > k,
    0x35: accumulator >= k,
  };
  const holds = tests[instruction.code];
  if (holds === undefined) throw new Error(`unknown instruction 0x${instruction.code.toString(16)}`);
  return holds ? instruction.jt : instruction.jf;
}

export function runFilter(program: Uint8Array | readonly Instruction[], data: SeccompData): Outcome {
  const code = program instanceof Uint8Array ? decodeProgram(program) : program;
  const memory = encodeData(data);
  let accumulator = 0;
  let at = 0;
  for (let steps = 1; ; steps++) {
    const instruction = code[at++];
    if (instruction === undefined) throw new Error(`ran out of the program at ${at - 1}`);
    if (instruction.code === 0x06) return { result: instruction.k >>> 0, steps };
    if (instruction.code === 0x20) {
      if (instruction.k % 4 !== 0) throw new Error('unaligned load');
      accumulator = memory.getUint32(instruction.k, true);
    } else if (instruction.code === 0x54) accumulator = (accumulator & instruction.k) >>> 0;
    else if (instruction.code === 0x05) at += instruction.k;
    else at += jump(instruction, accumulator);
  }
}

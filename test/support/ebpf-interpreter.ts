/** Runs a device program over a struct bpf_cgroup_dev_ctx as the kernel does, failing on what its verifier refuses. */
import { opcode, type Instruction } from '../../guest-agent/plan/device-program.ts';

export interface DeviceAccess {
  kind: 'block' | 'char';
  major: number;
  minor: number;
  /** What is asked for at once: of r, w, m. */
  access: string;
}

/** enum in linux/bpf.h: BPF_DEVCG_ACC_*, BPF_DEVCG_DEV_*. */
const accessBits = { m: 1, r: 2, w: 4 };

export function decodeInstructions(bytes: Uint8Array): Instruction[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / 8 }, (_, index) => ({
    code: view.getUint8(index * 8),
    destination: view.getUint8(index * 8 + 1) & 0xf,
    source: view.getUint8(index * 8 + 1) >> 4,
    offset: view.getInt16(index * 8 + 2, true),
    immediate: view.getInt32(index * 8 + 4, true),
  }));
}

function contextOf({ kind, major, minor, access }: DeviceAccess): DataView {
  const bits = Object.entries(accessBits).reduce(
    (all, [letter, bit]) => (access.includes(letter) ? all | bit : all),
    0,
  );
  const view = new DataView(new ArrayBuffer(12));
  view.setUint32(0, bits * 0x1_0000 + (kind === 'char' ? 2 : 1), true);
  view.setUint32(4, major, true);
  view.setUint32(8, minor, true);
  return view;
}

/** Registers are 64 bits and begin unset, but for the context's address in register 1, which only loads may use. */
class Machine {
  readonly #registers = new Map<number, bigint>();
  readonly #memory: DataView;

  constructor(memory: DataView) {
    this.#memory = memory;
  }

  read(register: number): bigint {
    const value = this.#registers.get(register);
    if (value === undefined) throw new Error(`register ${register} is read before it is set`);
    return value;
  }

  /** Answers how many instructions are skipped; undefined at the end. */
  step({ code, destination, source, offset, immediate }: Instruction): number | undefined {
    const signed = BigInt(immediate);
    const put = (value: bigint): number => {
      this.#registers.set(destination, BigInt.asUintN(64, value));
      return 0;
    };
    switch (code) {
      case opcode.loadWord:
        if (source !== 1) throw new Error('a load from what is no context');
        return put(BigInt(this.#memory.getUint32(offset, true)));
      case opcode.copy:
        return put(this.read(source));
      case opcode.set:
        return put(signed);
      case opcode.and:
        return put(this.read(destination) & BigInt.asUintN(64, signed));
      case opcode.shiftRight:
        return put(this.read(destination) >> signed);
      case opcode.jumpEqual:
        return this.read(destination) === BigInt.asUintN(64, signed) ? offset : 0;
      case opcode.jumpNotEqual32:
        return BigInt.asUintN(32, this.read(destination)) === BigInt.asUintN(32, signed) ? 0 : offset;
      case opcode.exit:
        return undefined;
      default:
        throw new Error(`unknown instruction 0x${code.toString(16)}`);
    }
  }
}

/** Whether the program lets it through. */
export function allows(program: readonly Instruction[], asked: DeviceAccess): boolean {
  const machine = new Machine(contextOf(asked));
  let at = 0;
  for (;;) {
    const one = program[at];
    if (one === undefined) throw new Error(`ran out of the program at ${at}`);
    const skipped = machine.step(one);
    if (skipped === undefined) return machine.read(0) === 1n;
    if (skipped < 0) throw new Error('a jump back');
    at += 1 + skipped;
  }
}

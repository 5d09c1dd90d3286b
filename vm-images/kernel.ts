/**
 * The kernel as the hypervisors want it. amd64: the uncompressed ELF, which QEMU enters by PVH and Hyper-V's direct boot
 * asks for. arm64: Debian's vmlinuz is the plain `Image` already.
 * Sources: kernel Documentation/arch/x86/boot.rst (payload_offset, payload_length), Documentation/arch/arm64/booting.rst.
 */
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { EngineError } from '../guest-agent/protocol/errors.ts';
import { isElf } from './elf.ts';

const SETUP_SECTS = 0x1f1;
const PAYLOAD_OFFSET = 0x248;
const PAYLOAD_LENGTH = 0x24c;
const ARM64_MAGIC = 0x38;

/** @throws EngineError `unsupported` for a kernel that is packed in another way. */
export function bootableKernel(vmlinuz: Buffer, arch: 'amd64' | 'arm64'): Buffer {
  if (arch === 'arm64') {
    if (vmlinuz.toString('latin1', ARM64_MAGIC, ARM64_MAGIC + 4) === 'ARM\x64') return vmlinuz;
    throw unknownPacking('arm64');
  }
  const start = (vmlinuz.readUInt8(SETUP_SECTS) + 1) * 512 + vmlinuz.readUInt32LE(PAYLOAD_OFFSET);
  const kernel = unpacked(vmlinuz.subarray(start, start + vmlinuz.readUInt32LE(PAYLOAD_LENGTH)));
  if (!isElf(kernel)) throw unknownPacking('amd64');
  return kernel;
}

/** The kernel's build appends the unpacked size (4 bytes) to a zstd payload; to gzip it is the format's own trailer. */
function unpacked(payload: Buffer): Buffer {
  const magic = payload.readUInt32LE(0);
  if (magic === 0xfd2fb528) return zstdDecompressSync(payload.subarray(0, payload.length - 4));
  if ((magic & 0xffff) === 0x8b1f) return gunzipSync(payload);
  throw unknownPacking('amd64');
}

function unknownPacking(arch: string): EngineError {
  return new EngineError('unsupported', `The ${arch} kernel of the Debian package is packed in a way unknown here.`, {
    hint: 'Add its packing to vm-images/kernel.ts.',
  });
}

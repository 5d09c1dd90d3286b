/** Board, processor, accelerator and memory. Pure. */
import type { Accelerator } from '../../accelerator.ts';
import type { MachineSpec } from '../../machine-spec.ts';
import { option } from './option.ts';

const MEMORY_ID = 'ram';

/** @param sharedMemory the devices' servers (vhost-user) map the guest's memory, so it must be a shareable file. */
export function machineArgs(spec: MachineSpec, accelerator: Accelerator, sharedMemory: boolean): string[] {
  const memory = { id: MEMORY_ID, size: `${spec.memoryMiB}M` };
  const backing = sharedMemory
    ? option('memory-backend-memfd', { ...memory, share: 'on' })
    : option('memory-backend-ram', memory);
  return [
    ...['-machine', `${board(spec.arch)},memory-backend=${MEMORY_ID}`],
    ...['-accel', acceleratorOption(accelerator)],
    ...['-cpu', cpuModel(spec.arch, accelerator)],
    ...['-smp', option(String(spec.cpus), { sockets: 1, cores: spec.cpus, threads: 1 })],
    ...['-m', `${spec.memoryMiB}M`],
    ...['-object', backing],
  ];
}

function board(arch: MachineSpec['arch']): string {
  return arch === 'arm64' ? 'virt,gic-version=3' : 'q35,vmport=off';
}

function acceleratorOption(accelerator: Accelerator): string {
  return accelerator === 'tcg' ? 'tcg,thread=multi,tb-size=512' : accelerator;
}

/**
 * Under emulation a small model is several times faster than `max`, whose vector instructions are emulated one by one;
 * Westmere is the smallest with AES, which makes ssh's AES-GCM a third cheaper than ChaCha20. With RDRAND the guest's
 * random pool is ready at once, not after seven seconds.
 * WHPX knows no `host` model in older versions.
 */
function cpuModel(arch: MachineSpec['arch'], accelerator: Accelerator): string {
  if (accelerator === 'tcg') return arch === 'arm64' ? 'cortex-a72' : 'Westmere,+rdrand';
  if (accelerator === 'whpx') return arch === 'arm64' ? 'cortex-a72' : 'qemu64';
  return 'host';
}

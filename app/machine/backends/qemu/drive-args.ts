/** Disks in the order in which the guest names them: vda, vdb, vdc. Pure. */
import type { MachineSpec } from '../../machine-spec.ts';
import { option } from './option.ts';

export function driveArgs(spec: MachineSpec): string[] {
  return [
    ...readOnlyDisk('root', spec.rootImage),
    ...readOnlyDisk('agent', spec.agentImage),
    ...dataDisk('data', spec.dataDisk),
  ];
}

function readOnlyDisk(id: string, file: string): string[] {
  return [
    ...['-drive', option('if=none', { id, format: 'raw', file, readonly: 'on', 'file.locking': 'off' })],
    ...['-device', option('virtio-blk-pci', { drive: id })],
  ];
}

/** What the guest discards or fills with zeros becomes a hole in the host's file. */
function dataDisk(id: string, file: string): string[] {
  const drive = { id, format: 'raw', file, cache: 'writeback', discard: 'unmap', 'detect-zeroes': 'unmap' };
  return [
    ...['-drive', option('if=none', drive)],
    ...['-device', option('virtio-blk-pci', { drive: id, discard: 'on', 'write-zeroes': 'on' })],
  ];
}

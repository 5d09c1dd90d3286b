/** The whole command line of QEMU from a machine's specification: nothing of it depends on QEMU's own defaults. Pure. */
import { EngineError } from '../../../base/error.ts';
import type { Accelerator } from '../../accelerator.ts';
import type { MachineSpec } from '../../machine-spec.ts';
import { consoleArgs, kernelWords, monitorArgs, netArgs } from './channel-args.ts';
import { driveArgs } from './drive-args.ts';
import { machineArgs } from './machine-args.ts';
import { shareArgs } from './share-args.ts';
import { option } from './option.ts';

export interface QemuFacts {
  readonly hostOs: 'linux' | 'darwin' | 'win32';
  readonly accelerator: Accelerator;
  /** Unix socket or named pipe for QMP. */
  readonly monitorPath: string;
}

/** @throws EngineError `unsupported` for a share on a host whose QEMU has no vhost-user. */
export function qemuArgs(spec: MachineSpec, facts: QemuFacts): string[] {
  if (spec.shares.length > 0 && facts.hostOs !== 'linux')
    throw new EngineError('unsupported', 'This host has no virtiofs server for QEMU.', {
      hint: 'Remove the shared folders of the machine, or use another backend.',
    });
  return [
    ...['-name', `berth-${spec.name}`],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...machineArgs(spec, facts.accelerator, spec.shares.length > 0),
    ...['-kernel', spec.kernel, '-initrd', spec.initrd],
    ...['-append', kernelCmdline(spec, facts.accelerator)],
    ...driveArgs(spec),
    ...netArgs(),
    ...shareArgs(spec.shares),
    // Reported free pages go back to the host at once, without inflating anything.
    ...['-device', option('virtio-balloon-pci', { 'free-page-reporting': 'on', 'deflate-on-oom': 'on' })],
    ...['-object', option('rng-builtin', { id: 'rng0' }), '-device', option('virtio-rng-pci', { rng: 'rng0' })],
    ...consoleArgs(),
    ...monitorArgs(facts.hostOs, facts.monitorPath),
  ];
}

function kernelCmdline({ arch, cmdline, emulationCmdline }: MachineSpec, accelerator: Accelerator): string {
  const emulated = accelerator === 'tcg' && emulationCmdline !== undefined ? [emulationCmdline] : [];
  return [kernelWords(arch), cmdline, ...emulated].join(' ');
}

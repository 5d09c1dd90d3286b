/**
 * From what a person set and what the host has to what a backend boots. Pure: facts in, one complete specification or
 * one error out; a backend fills in nothing by itself.
 */
import { EngineError } from '../base/error.ts';
import type { MachineSettings } from '../contract/machine.ts';
import { accelerators } from './accelerator.ts';

export interface HostCapacity {
  readonly cpus: number;
  readonly memoryMiB: number;
}

/** Files of the built guest image; absolute paths. */
export interface BootFiles {
  readonly kernel: string;
  readonly rootImage: string;
  /** Kernel command line without the console's part. */
  readonly cmdline: string;
  /** Words for the kernel under emulation alone; absent: none. */
  readonly emulationCmdline?: string;
  /** Names the kernel in remembered verdicts. */
  readonly kernelSha256: string;
}

export interface MachineSpec extends BootFiles {
  readonly name: string;
  readonly arch: 'x64' | 'arm64';
  readonly cpus: number;
  readonly memoryMiB: number;
  /** Forced; absent: chosen by probe and trial boot. */
  readonly accelerator?: string;
  /** The image's initrd with this machine's configuration appended. */
  readonly initrd: string;
  /** Read-only image with the agent. */
  readonly agentImage: string;
  /** Raw, sparse. */
  readonly dataDisk: string;
  /** Where the backend keeps its sockets and pid file. */
  readonly runtimeDir: string;
  /** Gets the guest's console; bounded. */
  readonly consoleLog: string;
  readonly shares: readonly ShareDeviceSpec[];
}

/** The counterpart of what a share driver's `device` gives. */
export interface ShareDeviceSpec {
  readonly kind: 'vhost-user-fs';
  readonly tag: string;
  readonly socketPath: string;
}

const MIB = 2 ** 20;
const DEFAULT_DISK_MIB = 64 * 1024;
const MIN_MEMORY_MIB = 256;
const MIN_DISK_MIB = 512;
/** What the host keeps for itself. */
const HOST_RESERVE_MIB = 512;

/**
 * At most 4 CPUs; a quarter of the host's memory between 1 and 8 GiB (what the guest frees goes back to the host);
 * 64 GiB of sparse disk; nothing shared.
 */
export function defaultSettings(host: HostCapacity): MachineSettings {
  const quarter = Math.floor(host.memoryMiB / 4 / 256) * 256;
  const memoryMiB = Math.min(Math.max(quarter, 1024), 8192, Math.max(mostMemory(host), MIN_MEMORY_MIB));
  return {
    cpus: Math.min(host.cpus, 4),
    memoryBytes: memoryMiB * MIB,
    diskBytes: DEFAULT_DISK_MIB * MIB,
    accelerator: '',
    shares: [],
  };
}

/** What `MachineSpec` takes from the settings. */
export interface MachineSize {
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly accelerator?: string;
}

/**
 * @throws EngineError `invalid-argument` for a value out of range, `no-memory` for more memory than the host can give,
 * each saying what would be accepted.
 */
export function machineSize(settings: MachineSettings, host: HostCapacity): MachineSize {
  const memoryMiB = Math.floor(settings.memoryBytes / MIB);
  wholeNumber('number of CPUs', settings.cpus, 1);
  wholeNumber('memory in MiB', memoryMiB, MIN_MEMORY_MIB);
  wholeNumber('disk size in MiB', Math.floor(settings.diskBytes / MIB), MIN_DISK_MIB);
  checkAccelerator(settings.accelerator);
  if (settings.cpus > host.cpus)
    throw new EngineError(
      'invalid-argument',
      `The machine is set to ${settings.cpus} CPUs; this host has ${host.cpus}.`,
      {
        hint: `Set at most ${host.cpus}.`,
      },
    );
  if (memoryMiB > mostMemory(host))
    throw new EngineError(
      'no-memory',
      `The machine is set to ${memoryMiB} MiB of memory; this host has ${host.memoryMiB} MiB.`,
      { hint: `Set at most ${Math.max(mostMemory(host), 0)} MiB.` },
    );
  const { cpus, accelerator } = settings;
  return accelerator === '' ? { cpus, memoryMiB } : { cpus, memoryMiB, accelerator };
}

function checkAccelerator(name: string): void {
  if (name === '' || accelerators.some((known) => known === name)) return;
  throw new EngineError('invalid-argument', `There is no accelerator ${JSON.stringify(name)}.`, {
    hint: `Choose one of ${accelerators.join(', ')}, or auto.`,
  });
}

function mostMemory(host: HostCapacity): number {
  return host.memoryMiB - HOST_RESERVE_MIB;
}

function wholeNumber(what: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new EngineError('invalid-argument', `The machine's ${what} is ${value}.`, {
    hint: `It must be a whole number of at least ${least}.`,
  });
}

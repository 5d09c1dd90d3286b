/**
 * What a VM backend is to the rest of the product. A backend knows how to start one Linux guest from a kernel and disks
 * and how to end it; it knows nothing of containers, the agent, or how shares are served (they come as devices, data).
 */
import type { Duplex } from 'node:stream';
import type { Accelerator, AcceleratorReport } from './accelerator.ts';
import type { MachineSpec } from './machine-spec.ts';

export interface Backend {
  /** As in the settings and in `berth doctor`: `qemu`, `vz`, `hyperv`. */
  readonly name: string;
  /** Looks at the host without changing it. */
  probe(): Promise<BackendProbe>;
  /**
   * Ends, as gently as it lets itself be, the guest that a crashed host service left running. To be called while what
   * serves that guest (share servers) is there still: without them it cannot end its processes nor put its disk in order.
   */
  endLeftOver(spec: LeftOver): Promise<void>;
  /**
   * Starts the guest and returns once its kernel has reached userland.
   * @throws EngineError naming the stage that failed; nothing is left running.
   */
  boot(spec: MachineSpec, options: BootOptions): Promise<Vm>;
}

export type LeftOver = Pick<MachineSpec, 'name' | 'runtimeDir' | 'dataDisk'>;

export interface BackendProbe {
  readonly usable: boolean;
  /** One line for a person: version found, or what is missing and how to get it. */
  readonly summary: string;
  readonly accelerators: readonly AcceleratorReport[];
}

export interface BootOptions {
  readonly signal?: AbortSignal;
  /** Told the stages as they are reached; the last is `userland`. */
  readonly onProgress?: (progress: BootProgress) => void;
  /**
   * Called before every attempt but the first: another accelerator is tried. What served the VM of the failed attempt
   * (share servers) has ended with it and is to be started again.
   */
  readonly beforeRetry?: () => Promise<void>;
}

export interface BootProgress {
  readonly stage: 'accelerator' | 'process' | 'userland';
  readonly message: string;
}

export interface Vm {
  readonly pid: number;
  readonly accelerator: Accelerator;
  /** Where the guest's ssh server is reached from the host. */
  readonly sshAddress: SocketAddress;
  /** Resolves (never rejects) when the guest is gone, however that came. */
  readonly exited: Promise<VmExit>;
  /** Ends the guest: see `StopMode`. Resolves once the process is gone; calling it again is harmless. */
  stop(mode: StopMode): Promise<VmExit>;
  readonly console: GuestConsole;
  /** Only where the hypervisor offers AF_VSOCK: opens a connection to a port of the guest. */
  readonly vsock?: (port: number) => Promise<Duplex>;
  /** Only where the hypervisor may suspend the guest by itself: told why (half a sentence), undefined when it goes on. */
  onStall?(listener: (cause: string | undefined) => void): Disposable;
  /** Only where the hypervisor itself forwards TCP ports. */
  readonly hostForwards?: HostForwards;
}

/** What the guest prints: kernel messages, `berth: stage NAME`, `berth: fail NAME CAUSE`. */
export interface GuestConsole {
  tail(lines: number): string;
  onLine(listener: (line: string) => void): Disposable;
  /** Resolves when a line, past or to come, holds the text. */
  saw(text: string, signal: AbortSignal): Promise<void>;
}

/**
 * `graceful`: the power button, then a request to end, then force, each with its own time limit. `force`: at once, as a
 * power loss. The agent is asked by the caller beforehand.
 */
export type StopMode = 'graceful' | 'force';

export interface SocketAddress {
  readonly host: string;
  readonly port: number;
}

export interface ForwardedAddress extends SocketAddress {
  readonly protocol: 'tcp' | 'udp';
}

export interface VmExit {
  /** `stopped` after `stop` or the guest's own power-off; `crashed` for everything else. */
  readonly kind: 'stopped' | 'crashed';
  readonly code: number | null;
  readonly signal: string | null;
  /** What a person needs for a crash: last console lines and the hypervisor's own messages; empty when stopped. */
  readonly detail: string;
}

/** Forwarding by the hypervisor, IPv4 addresses of the host only. */
export interface HostForwards {
  add(host: ForwardedAddress, guestPort: number): Promise<void>;
  remove(host: ForwardedAddress): Promise<void>;
}

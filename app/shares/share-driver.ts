/**
 * How a folder of the host becomes a mount in the guest. A driver gives data: a device for the VM backend and a mount for
 * the guest, so that drivers and backends do not know each other; `start` is there only where a process must serve it.
 */
export interface ShareDriver {
  readonly kind: string;
  /** What the VM must be booted with; undefined where the share needs no device of its own. */
  device(share: Share): ShareDevice | undefined;
  /** What the guest mounts. */
  guestMount(share: Share): GuestMount;
  /** Serves the share until stopped. To be called before the VM boots with the device. */
  readonly start?: (share: Share, signal?: AbortSignal) => Promise<ShareServer>;
}

/** One shared folder of one machine. */
export interface Share {
  /** Short and unique in the machine: `fs0`, `fs1`, …; also the mount tag. */
  readonly tag: string;
  /** Absolute path on the host, symlinks resolved. */
  readonly hostPath: string;
  readonly readOnly: boolean;
}

export interface ShareDevice {
  readonly kind: 'vhost-user-fs';
  readonly tag: string;
  /** Unix socket on which the share's server waits for the VM. */
  readonly socketPath: string;
}

/** What the guest mounts at its place for the tag, as in mount(2). */
export interface GuestMount {
  readonly type: string;
  readonly source: string;
  readonly options: string;
}

export interface ShareServer {
  readonly pid: number;
  /** What is not as it should be, though the share works. */
  readonly warning?: string;
  /** Resolves when the server has ended; `error` where that was not asked for. */
  readonly exited: Promise<{ readonly error?: Error }>;
  stop(): Promise<void>;
}

/** What an image was made of and what came out. Kept beside the image as `manifest.json`. */
import type { DebianPackage } from './debian.ts';
import type { GuestArch } from './inputs.ts';

export interface ImageFile {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface ImageManifest {
  readonly arch: GuestArch;
  /** Hash of the declared inputs and of the build's own files; names the folder. */
  readonly contentKey: string;
  /** Absolute; filled in when the manifest is read, so that folders may move. */
  readonly folder: string;
  readonly kernelVersion: string;
  /** Kernel command line without the console's and the network's part. */
  readonly cmdline: string;
  /** To be appended under emulation (TCG) only. */
  readonly emulationCmdline: string;
  readonly kernel: ImageFile;
  readonly initrd: ImageFile;
  readonly root: ImageFile;
  /** Debian's static busybox, of which the busybox container image is made. */
  readonly busybox: ImageFile;
  readonly inputs: {
    readonly suite: string;
    readonly packages: readonly DebianPackage[];
    readonly node: { readonly name: string; readonly version: string; readonly integrity: string };
  };
}

/**
 * `tsc=reliable`: without it an emulated clock may tick in 4 ms. `rcu_expedited`: a network namespace's end waits on
 * RCU. Self-tests of the kernel's ciphers take an emulated guest half a second. Source: kernel
 * Documentation/admin-guide/kernel-parameters.txt.
 */
export function kernelCmdline(arch: GuestArch): string {
  const common = ['quiet', 'loglevel=3', 'panic=-1', 'rcupdate.rcu_expedited=1', 'random.trust_cpu=on'];
  const lean = ['audit=0', 'lsm=landlock,yama', 'cryptomgr.notests'];
  return [...common, ...lean, ...(arch === 'amd64' ? ['tsc=reliable', 'no_timer_check'] : [])].join(' ');
}

/**
 * To be added when no hardware runs the guest. Against an emulated processor speculative attacks have nothing to
 * measure, while page-table isolation costs a fifth of the boot; the listed initial calls (key rings, the check of the
 * jitter entropy source) serve nothing here and cost as much again. QEMU's emulation of several processors (7.2) now and
 * then runs stale code after the kernel has patched itself, which ends in a crash or a hang; most of the patching is done
 * while the kernel starts, so it starts on one processor (`maxcpus=1`) and /etc/berth/boot adds the others.
 */
export const EMULATION_CMDLINE =
  'mitigations=off maxcpus=1 initcall_blacklist=init_encrypted,jent_mod_init,load_system_certificate_list';

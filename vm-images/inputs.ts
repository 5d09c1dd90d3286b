/** What the guest image is made of. Everything here, and every file of this folder, is part of the content key. */
export type GuestArch = 'amd64' | 'arm64';

/** Written as `linux/ARCH` elsewhere; Debian's names are used for images. */
export const guestArchs: readonly GuestArch[] = ['amd64', 'arm64'];

export const SUITE = 'trixie';

/** Node's and koffi's word for the processor. */
export const nodeArch: Readonly<Record<GuestArch, 'x64' | 'arm64'>> = { amd64: 'x64', arm64: 'arm64' };

/** With what they depend on; most of that is left behind by the choice of programs. */
export function debianPackages(arch: GuestArch): string[] {
  return [
    `linux-image-cloud-${arch}`,
    'busybox-static',
    'e2fsprogs',
    'nftables',
    'openssh-server',
    'libc6',
    'libgcc-s1',
    'libstdc++6',
  ];
}

/** Programs taken from the packages, with the libraries that they are linked with. All else stays behind. */
export const programs: readonly string[] = [
  'usr/bin/busybox',
  'usr/sbin/sshd',
  'usr/lib/openssh/sshd-session',
  'usr/lib/openssh/sshd-auth',
  'usr/lib/openssh/sftp-server',
  'usr/sbin/mke2fs',
  'usr/sbin/e2fsck',
  'usr/sbin/resize2fs',
  'usr/sbin/nft',
];

/** Loaded by the initramfs, in order: what the root file system needs on QEMU, VZ (virtio) and Hyper-V (hv_storvsc). */
export const rootModules: readonly string[] = ['virtio_blk', 'erofs'];
export const hyperVRootModules: readonly string[] = ['hv_vmbus', 'hv_storvsc', 'sd_mod'];

/** Loaded at boot, beside the services: the machine's own devices. */
export function deviceModules(arch: GuestArch): string[] {
  const common = ['virtio_net', 'virtio_balloon', 'virtio_rng', 'evdev', 'virtio_input', 'vsock', 'vsock_loopback'];
  return [...common, 'vmw_vsock_virtio_transport', ...(arch === 'amd64' ? ['button', 'crc32c_intel'] : [])];
}

/** Loaded last, so that the first container does not wait for them. */
export const containerModules: readonly string[] = [
  'overlay',
  'veth',
  'bridge',
  'nf_tables',
  'nft_chain_nat',
  'nft_nat',
  'nft_masq',
  'nft_redir',
  'nft_ct',
  'nft_reject_inet',
  'nf_conntrack_netlink',
  'nf_flow_table_inet',
  'nft_flow_offload',
];

/** Loaded by the kernel's own request when something asks for them. */
export function requestedModules(arch: GuestArch): string[] {
  const both = [
    'br_netfilter',
    'loop',
    'binfmt_misc',
    'dummy',
    'macvlan',
    'ipvlan',
    'vxlan',
    'tun',
    'inet_diag',
    'tcp_diag',
    'unix_diag',
    'nfs',
    'nfsv3',
    'nfsv4',
  ];
  const netfilter = ['nft_limit', 'nft_log', 'nft_fib_inet', 'nft_reject_bridge', 'nft_compat', 'nf_log_syslog'];
  const hyperV = ['hv_netvsc', 'hv_utils', 'hv_balloon', 'hv_sock'];
  return [...both, ...netfilter, ...hyperV, ...(arch === 'arm64' ? ['crct10dif_ce'] : [])];
}

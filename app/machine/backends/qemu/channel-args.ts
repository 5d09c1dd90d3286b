/** What host and guest talk over: network, console, control monitor. Pure. */
import { option } from './option.ts';

export const NET_ID = 'net0';
/** QEMU's user network as it is by default (qemu(1), `-netdev user`): guest, gateway, name server. */
const USER_NETWORK = '10.0.2.15/24,10.0.2.2,10.0.2.3';

/** Port 0 lets the host pick a free one; `info usernet` tells which. */
export function netArgs(): string[] {
  return [
    ...['-netdev', option('user', { id: NET_ID, hostfwd: 'tcp:127.0.0.1:0-:22' })],
    ...['-device', option('virtio-net-pci', { netdev: NET_ID })],
  ];
}

/** Kernel words that belong to these devices. */
export function kernelWords(arch: 'x64' | 'arm64'): string {
  return `console=${arch === 'arm64' ? 'ttyAMA0' : 'ttyS0'} berth.net=${USER_NETWORK}`;
}

/** The console comes out of QEMU's standard output, so that nothing grows on disk by itself. */
export function consoleArgs(): string[] {
  return ['-chardev', option('stdio', { id: 'console', signal: 'off' }), '-serial', 'chardev:console'];
}

/** A named pipe on Windows, whose unix sockets Node cannot use; a unix socket elsewhere. */
export function monitorArgs(hostOs: 'linux' | 'darwin' | 'win32', path: string): string[] {
  const channel =
    hostOs === 'win32'
      ? option('pipe', { id: 'monitor', path: path.replace(/^\\\\\.\\pipe\\/, '') })
      : option('socket', { id: 'monitor', path, server: 'on', wait: 'off' });
  return ['-chardev', channel, '-mon', option('chardev=monitor', { mode: 'control' })];
}

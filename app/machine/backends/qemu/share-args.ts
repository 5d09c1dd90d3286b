/** Shared folders: each is served by a process that waits on a unix socket. Pure. */
import type { ShareDeviceSpec } from '../../machine-spec.ts';
import { option } from './option.ts';

export function shareArgs(shares: readonly ShareDeviceSpec[]): string[] {
  return shares.flatMap(({ tag, socketPath }) => [
    ...['-chardev', option('socket', { id: `share-${tag}`, path: socketPath })],
    ...['-device', option('vhost-user-fs-pci', { chardev: `share-${tag}`, tag })],
  ]);
}

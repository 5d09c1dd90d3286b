/** Where the host is, as the guest sees it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Paths } from './paths.ts';

/**
 * The guest's default gateway, behind which hypervisors with a user-mode network put the host's loopback services (QEMU:
 * 10.0.2.2). Empty while the guest has no route.
 */
export function hostAddress(paths: Paths): string {
  try {
    return defaultGateway(readFileSync(join(paths.proc, 'net/route'), 'utf8'));
  } catch {
    return '';
  }
}

/** Of a table in the form of /proc/net/route (proc_pid_net(5)): addresses are hexadecimal in the byte order of the machine. */
export function defaultGateway(table: string): string {
  for (const line of table.split('\n')) {
    const [, destination, gateway = ''] = line.trim().split(/\s+/);
    if (destination !== '00000000' || !/^[0-9A-F]{8}$/i.test(gateway)) continue;
    return [...Buffer.from(gateway, 'hex')].reverse().join('.');
  }
  return '';
}

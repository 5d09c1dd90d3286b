/** Where the host reaches the guest's ssh server: a port that QEMU listens on at the loopback address. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { listeningInodes } from '../../app/ports/port-holder.ts';
import { ok } from './berth.ts';

/** In proc_pid_net(5)'s form of an address: 127.0.0.1 and a port of four digits of 16. */
const loopback = /\b0100007F:([0-9A-F]{4})\b/g;

export async function guestSshPort(): Promise<number> {
  const machine = await ok(['status', '--format', '{{.pid}}']);
  const folder = `/proc/${machine}/fd`;
  const links = await Promise.all((await readdir(folder)).map((fd) => readlink(`${folder}/${fd}`).catch(() => '')));
  const table = await readFile('/proc/net/tcp', 'utf8');
  const ports = [...table.matchAll(loopback)].map(([, hex = '']) => Number.parseInt(hex, 16));
  const own = ports.find((port) => listeningInodes(table, port).some((inode) => links.includes(`socket:[${inode}]`)));
  if (own === undefined) throw new Error(`QEMU (process ${machine}) listens on no port`);
  return own;
}

/** Sockets that listen in a network namespace, by its tables in /proc (proc_pid_net(5)), and who holds them. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { ListeningSocket } from '../queries.ts';
import { formatAddress } from './interfaces.ts';

/** TCP_LISTEN, and TCP_CLOSE, in which an unconnected UDP socket is (net/tcp_states.h). */
const waiting = { tcp: '0A', udp: '07' } as const;

export interface TableEntry {
  readonly address: string;
  readonly port: number;
  readonly inode: string;
}

/** @throws the system's ENOENT when the process has ended */
export function listenersOf(pid: number, protocol: 'tcp' | 'udp'): ListeningSocket[] {
  const read = (name: string): string => readFileSync(`/proc/${pid}/net/${name}`, 'utf8');
  const entries = [protocol, `${protocol}6`].flatMap((name) => parseSockets(read(name), protocol));
  const holders = entries.length === 0 ? new Map<string, number>() : holdersOf(entries.map(({ inode }) => inode));
  return entries.map(({ address, port, inode }) => {
    const holder = holders.get(inode);
    return { address, port, ...(holder !== undefined && { pid: holder, command: nameOf(holder) }) };
  });
}

/** Of a table in the form of /proc/net/tcp: addresses are hexadecimal, 32 bits at a time in the order of the machine. */
export function parseSockets(table: string, protocol: 'tcp' | 'udp'): TableEntry[] {
  return table.split('\n').flatMap((line) => {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
    const [, address, port] = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(local) ?? [];
    if (address === undefined || port === undefined || inode === undefined || state !== waiting[protocol]) return [];
    return [{ address: formatAddress(Buffer.from(address, 'hex').swap32()), port: Number.parseInt(port, 16), inode }];
  });
}

/** Pids by inode, of the processes whose files can be read. */
function holdersOf(inodes: readonly string[]): Map<string, number> {
  const wanted = new Set(inodes.map((inode) => `socket:[${inode}]`));
  const holders = new Map<string, number>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
    for (const link of linksOf(`/proc/${pid}/fd`))
      if (wanted.has(link)) holders.set(link.slice('socket:['.length, -1), Number(pid));
  return holders;
}

/** One that ends meanwhile has none. */
function linksOf(folder: string): string[] {
  try {
    return readdirSync(folder).flatMap((name) => {
      try {
        return [readlinkSync(`${folder}/${name}`)];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}

import { readFile, readdir, readlink } from 'node:fs/promises';
import type { Protocol } from './port-plan.ts';

/**
 * Who listens on a port, as `name (process N)`, by Linux's /proc (proc_pid_net(5)): the socket's inode is looked for
 * among the open files of the processes that we may see. Undefined elsewhere or when it cannot be told.
 */
export async function portHolder(port: number, protocol: Protocol): Promise<string | undefined> {
  const tables = await Promise.all([`/proc/net/${protocol}`, `/proc/net/${protocol}6`].map(readOrEmpty));
  const inodes = new Set(tables.flatMap((table) => listeningInodes(table, port, protocol)));
  if (inodes.size === 0) return undefined;
  const processes = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  for (const pid of processes) {
    if (!(await holdsOne(pid, inodes))) continue;
    return `${(await readOrEmpty(`/proc/${pid}/comm`)).trim()} (process ${pid})`;
  }
  return undefined;
}

/** Inodes of the sockets that listen (state 0A; UDP: unconnected, 07) on the port, of a table in the form of /proc/net/tcp. */
export function listeningInodes(table: string, port: number, protocol: Protocol = 'tcp'): string[] {
  const state = protocol === 'tcp' ? '0A' : '07';
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return table.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const inode = fields[9];
    return fields[3] === state && fields[1]?.endsWith(suffix) === true && inode !== undefined ? [inode] : [];
  });
}

async function holdsOne(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  for (const fd of await readdir(folder).catch(() => [])) {
    const target = await readlink(`${folder}/${fd}`).catch(() => '');
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined && inodes.has(inode)) return true;
  }
  return false;
}

async function readOrEmpty(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

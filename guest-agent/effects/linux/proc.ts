/** What /proc says of a process: proc_pid_ns(5), proc_pid_status(5), proc_pid_mountinfo(5), user_namespaces(7). */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { IdExtent, MountInfo, NamespaceInodes, ProcessStatus } from '../queries.ts';

type Pid = number | 'self';

export function namespacesOf(pid: Pid): NamespaceInodes {
  const folder = `/proc/${pid}/ns`;
  // `pid_for_children` and the like are where children will be, not where the process is.
  const names = readdirSync(folder).filter((name) => !name.endsWith('_for_children'));
  const handles = names.flatMap((name): [string, bigint][] => {
    const inode = /\[(\d+)\]$/.exec(readlinkSync(`${folder}/${name}`))?.[1];
    return inode === undefined ? [] : [[name, BigInt(inode)]];
  });
  return Object.fromEntries(handles);
}

export function statusOf(pid: Pid): ProcessStatus {
  return parseStatus(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

export function parseStatus(text: string): ProcessStatus {
  const fields = new Map(
    text.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const numbers = (name: string): number[] => (fields.get(name) ?? '').split(/\s+/).filter(Boolean).map(Number);
  const mask = (name: string): bigint => BigInt(`0x${fields.get(name) ?? '0'}`);
  return {
    name: fields.get('Name') ?? '',
    state: (fields.get('State') ?? '').slice(0, 1),
    ppid: numbers('PPid')[0] ?? 0,
    nsPids: numbers('NSpid'),
    uid: numbers('Uid')[1] ?? 0,
    gid: numbers('Gid')[1] ?? 0,
    capabilities: {
      inheritable: mask('CapInh'),
      permitted: mask('CapPrm'),
      effective: mask('CapEff'),
      bounding: mask('CapBnd'),
      ambient: mask('CapAmb'),
    },
    noNewPrivileges: fields.get('NoNewPrivs') === '1',
    seccomp: numbers('Seccomp')[0] ?? 0,
  };
}

export function mountsOf(pid: Pid): MountInfo[] {
  return parseMountInfo(readFileSync(`/proc/${pid}/mountinfo`, 'utf8'));
}

/** `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`; the tags before `-` vary in number. */
export function parseMountInfo(text: string): MountInfo[] {
  return text.split('\n').flatMap((line) => {
    const [own = '', rest] = line.split(' - ');
    if (rest === undefined) return [];
    const [id = '', parent = '', , root = '', target = '', options = ''] = own.split(' ');
    const [type = '', source = '', superOptions = ''] = rest.split(' ');
    const numbers = { id: Number(id), parent: Number(parent) };
    return [
      { ...numbers, root: plain(root), target: plain(target), options, type, source: plain(source), superOptions },
    ];
  });
}

/** Space, tab, line feed and backslash stand as octal. */
function plain(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

export function idMapsOf(pid: Pid): { uid: IdExtent[]; gid: IdExtent[] } {
  return {
    uid: parseIdMap(readFileSync(`/proc/${pid}/uid_map`, 'utf8')),
    gid: parseIdMap(readFileSync(`/proc/${pid}/gid_map`, 'utf8')),
  };
}

export function parseIdMap(text: string): IdExtent[] {
  return text.split('\n').flatMap((line) => {
    const [inside, outside, count] = line.trim().split(/\s+/).map(Number);
    return inside === undefined || outside === undefined || count === undefined ? [] : [{ inside, outside, count }];
  });
}

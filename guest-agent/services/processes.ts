/** Processes of the guest as /proc has them (proc_pid_status(5), proc_pid_stat(5)). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isLeaf, unsharePrefix } from '../plan/cgroup-parent.ts';
import type { GuestProcess } from '../protocol/guest.ts';
import type { Paths } from './paths.ts';

const launcherName = 'berth-launcher';

/** All of the guest's, by pid. One that ends meanwhile is left out. */
export function guestProcesses(paths: Paths): GuestProcess[] {
  return readdirSync(paths.proc).flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      return [readProcess(paths, Number(name))];
    } catch {
      return [];
    }
  });
}

/** Resident memory of each monitor, the launcher's server included: bytes. */
export function monitorMemory(paths: Paths): number[] {
  return guestProcesses(paths).flatMap(({ command, rssBytes, owner }) =>
    owner === '' && command.startsWith(launcherName) ? [rssBytes] : [],
  );
}

function readProcess(paths: Paths, pid: number): GuestProcess {
  const folder = join(paths.proc, String(pid));
  const status = statusFields(readFileSync(join(folder, 'status'), 'utf8'));
  const command = readFileSync(join(folder, 'cmdline'), 'utf8').replaceAll('\0', ' ').trimEnd();
  const [, ...innerPids] = numbers(status.get('NSpid'));
  return {
    pid,
    parent: Number(status.get('PPid') ?? 0),
    user: numbers(status.get('Uid'))[0] ?? 0,
    innerPids,
    owner: ownerOf(readFileSync(join(folder, 'cgroup'), 'utf8')),
    rssBytes: (numbers(status.get('VmRSS'))[0] ?? 0) * 1024,
    command: baseName(command) || `[${status.get('Name') ?? ''}]`,
  };
}

/** Container id, `unshare`, or empty, by the cgroup's path below the containers' parent. */
export function ownerOf(cgroupText: string): string {
  const path = /^0::\/berth\/(.+)$/m.exec(cgroupText)?.[1] ?? '';
  const name = path.split('/').find(isLeaf) ?? '';
  return name.startsWith(unsharePrefix) ? 'unshare' : name;
}

/** `Name:\tvalue` lines. */
export function statusFields(text: string): Map<string, string> {
  return new Map(
    text.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  );
}

function numbers(text: string | undefined): number[] {
  return (text ?? '').split(/\s+/).flatMap((word) => (/^\d+$/.test(word) ? [Number(word)] : []));
}

function baseName(command: string): string {
  return command.startsWith('/opt/berth/') ? command.slice('/opt/berth/'.length) : command;
}

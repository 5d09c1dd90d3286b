import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { readFileIfThere, writeFileAtomically } from './atomic-file.ts';
import type { HostOs } from './platform.ts';

const run = promisify(execFile);

/** Changes at every boot of the host; what is remembered under it is forgotten by a reboot. */
export async function bootId(hostOs: HostOs): Promise<string> {
  switch (hostOs) {
    case 'linux':
      return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    case 'darwin':
      return (await run('sysctl', ['-n', 'kern.bootsessionuuid'])).stdout.trim();
    case 'win32':
      return powershell('(Get-CimInstance Win32_OperatingSystem).LastBootUpTime.ToFileTimeUtc()');
  }
}

/**
 * When a process started, in the platform's own notation: together with its number this names it for good, as numbers
 * are used again (`starttime` of proc_pid_stat(5); `lstart` of ps(1)).
 * @returns undefined when no such process runs (a zombie does not run).
 */
export async function startTimeOf(pid: number, hostOs: HostOs): Promise<string | undefined> {
  if (hostOs === 'linux') return linuxStartTime(pid);
  try {
    if (hostOs === 'win32') return await powershell(`(Get-Process -Id ${pid}).StartTime.ToFileTimeUtc()`);
    return (await run('ps', ['-o', 'lstart=', '-p', String(pid)])).stdout.trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Remembers a running process, so that a later run of the product recognises it. */
export async function writePidFile(path: string, pid: number, hostOs: HostOs): Promise<void> {
  await writeFileAtomically(path, JSON.stringify({ pid, started: await identity(pid, hostOs) }));
}

/**
 * The process that the file remembers, if that very process still runs. A stale or damaged file is removed.
 */
export async function livePid(path: string, hostOs: HostOs): Promise<number | undefined> {
  const text = await readFileIfThere(path);
  if (text === undefined) return undefined;
  const known = parsePidFile(text);
  if (known?.started !== undefined && (await identity(known.pid, hostOs)) === known.started) return known.pid;
  await rm(path, { force: true });
  return undefined;
}

/** Whether the process that the file remembers has run in this boot of this host, and runs no more. */
export async function hasEnded(path: string, hostOs: HostOs): Promise<boolean> {
  const known = parsePidFile((await readFileIfThere(path)) ?? '');
  if (known?.started?.startsWith(`${await bootId(hostOs)} `) !== true) return false;
  return (await identity(known.pid, hostOs)) !== known.started;
}

async function identity(pid: number, hostOs: HostOs): Promise<string | undefined> {
  const started = await startTimeOf(pid, hostOs);
  return started === undefined ? undefined : `${await bootId(hostOs)} ${started}`;
}

function parsePidFile(text: string): { pid: number; started?: string } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('started' in value)) return undefined;
    const { pid, started } = value;
    return typeof pid === 'number' && typeof started === 'string' ? { pid, started } : undefined;
  } catch {
    return undefined;
  }
}

async function linuxStartTime(pid: number): Promise<string | undefined> {
  const stat = await readFileIfThere(`/proc/${pid}/stat`).catch(() => undefined);
  if (stat === undefined) return undefined;
  // The second field, the name, may hold blanks and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

async function powershell(expression: string): Promise<string> {
  const { stdout } = await run('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', expression]);
  return stdout.trim();
}

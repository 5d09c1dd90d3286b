/** What processes and folders of the host cost, from /proc and du(1). */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** USER_HZ, which every Linux has at 100 (proc(5)). */
const TICKS = 100;

export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return (performance.now() - begin) / 1000;
}

/** Processor time that a process has used, in user and system mode. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** The most memory that a process has had at once. */
export async function peakMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return (Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) * 1024) / 1e6;
}

/** What a folder takes on the disk, holes left out. */
export async function diskMegabytes(folder: string): Promise<number> {
  const { stdout } = await run('du', ['-sk', folder]);
  return (Number(stdout.split('\t')[0]) * 1024) / 1e6;
}

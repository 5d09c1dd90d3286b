/** cgroup v2 folders (Documentation/admin-guide/cgroup-v2.rst): reading them whole, removing them. */
import { readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EngineError } from '../../protocol/errors.ts';
import type { CgroupState, Pressure } from '../queries.ts';

const flatKeyed = new Set([
  'memory.stat',
  'cpu.stat',
  'memory.events',
  'pids.events',
  'cgroup.events',
  'memory.swap.events',
]);
const pressureFiles = new Set(['cpu.pressure', 'memory.pressure', 'io.pressure']);
/** Long, for other eyes, or a list of processes. */
const unread = /^(cgroup\.(procs|threads|kill|stat)|memory\.(numa_stat|reclaim|events\.local)|.*\.local)$/;

export function readCgroup(folder: string): CgroupState {
  const files: Record<string, string> = {};
  const keyed: Record<string, Record<string, number>> = {};
  const pressure: Record<string, { some: Pressure; full?: Pressure }> = {};
  let io: Record<string, Record<string, number>> = {};
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isFile() || unread.test(entry.name)) continue;
    const text = readIfThere(join(folder, entry.name));
    if (text === undefined) continue;
    if (flatKeyed.has(entry.name)) keyed[entry.name] = parseFlatKeyed(text);
    else if (pressureFiles.has(entry.name)) pressure[entry.name.replace('.pressure', '')] = parsePressure(text);
    else if (entry.name === 'io.stat') io = parseNestedKeyed(text);
    else files[entry.name] = text.trim();
  }
  return { files, keyed, pressure, io };
}

/** Some files refuse to be read: write-only ones, pressure on a kernel that has it switched off. */
function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Lines of `key value`. */
export function parseFlatKeyed(text: string): Record<string, number> {
  return Object.fromEntries(
    text.split('\n').flatMap((line) => {
      const [key, value] = line.split(' ');
      return key === undefined || value === undefined ? [] : [[key, Number(value)]];
    }),
  );
}

/** Lines of `key sub=value sub=value`. */
export function parseNestedKeyed(text: string): Record<string, Record<string, number>> {
  return Object.fromEntries(
    text.split('\n').flatMap((line) => {
      const [key = '', ...pairs] = line.trim().split(' ');
      return key === '' ? [] : [[key, Object.fromEntries(pairs.map(pair))]];
    }),
  );
}

function pair(text: string): [string, number] {
  const [key = '', value = ''] = text.split('=');
  return [key, Number(value)];
}

export function parsePressure(text: string): { some: Pressure; full?: Pressure } {
  const lines = parseNestedKeyed(text);
  const some = asPressure(lines['some']);
  return lines['full'] === undefined ? { some } : { some, full: asPressure(lines['full']) };
}

function asPressure(line: Readonly<Record<string, number>> = {}): Pressure {
  return {
    avg10: line['avg10'] ?? 0,
    avg60: line['avg60'] ?? 0,
    avg300: line['avg300'] ?? 0,
    total: line['total'] ?? 0,
  };
}

export function removeEmptyCgroup(folder: string): Promise<void> {
  removeFolder(folder);
  return Promise.resolve();
}

const removalMs = 10_000;

/** Ends every process of a cgroup and of those below, and removes them, deepest first; nothing when it is gone. */
export async function removeCgroup(folder: string): Promise<void> {
  const end = performance.now() + removalMs;
  for (let pause = 2; !tryRemove(folder); pause = Math.min(pause * 2, 200)) {
    // Again each time: an exec may have been on its way.
    killAll(folder);
    if (performance.now() > end)
      throw new EngineError('timeout', `The cgroup ${folder} still has processes after ${removalMs / 1000} s.`, {
        hint: 'A process may hang in the kernel, for instance on a share that does not answer; restart the machine.',
      });
    await delay(pause);
  }
}

/** Also frozen ones, and what they fork meanwhile (cgroup-v2.rst, cgroup.kill). */
function killAll(folder: string): void {
  try {
    writeFileSync(join(folder, 'cgroup.kill'), '1');
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENODEV') throw error;
  }
}

/** False while a process is in it: the kernel lets go of an ended one a moment after its parent has heard of the end. */
function tryRemove(folder: string): boolean {
  if (removeFolder(folder)) return true;
  try {
    const below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const removed = below.map((entry) => tryRemove(join(folder, entry.name)));
    return below.length > 0 && removed.every(Boolean) && removeFolder(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return true;
    throw error;
  }
}

/** True when it is gone; false while there is something in it. */
function removeFolder(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') return true;
    if (code === 'EBUSY') return false;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

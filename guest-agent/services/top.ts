/** Processes of one container as a table. */
import { readdirSync, readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { EngineError } from '../protocol/errors.ts';
import { requireActive } from './container-state.ts';
import type { Engine } from './engine.ts';
import { cgroupDir } from './paths.ts';
import {
  age,
  bootTime,
  cpuSeconds,
  cpuShare,
  factsOf,
  field,
  identity,
  kibibyte,
  pageSize,
  residentKib,
  started,
  statWord,
  type ProcessFacts,
} from './process-facts.ts';
import { clock, elapsed, longTime, shortClock, startTime, ttyName } from './process-words.ts';

type Column = (facts: ProcessFacts) => string;

const columns: Readonly<Record<string, Column>> = {
  USER: (facts) => named(identity(facts, 'Uid')),
  UID: (facts) => identity(facts, 'Uid'),
  GROUP: (facts) => named(identity(facts, 'Gid')),
  GID: (facts) => identity(facts, 'Gid'),
  PID: ({ pid }) => String(pid),
  /** In the container. */
  NSPID: ({ status }) => (status.get('NSpid') ?? '').split(/\s+/).at(-1) ?? '',
  PPID: ({ status }) => status.get('PPid') ?? '',
  PGID: (facts) => String(field(facts, 5)),
  SID: (facts) => String(field(facts, 6)),
  C: (facts) => String(Math.round(cpuShare(facts))),
  '%CPU': (facts) => cpuShare(facts).toFixed(1),
  '%MEM': (facts) => ((residentKib(facts) * kibibyte * 100) / totalmem()).toFixed(1),
  S: ({ stat }) => stat[0] ?? '',
  STAT: statWord,
  NI: (facts) => String(field(facts, 19)),
  /** As procps tells it: higher is more urgent. */
  PRI: (facts) => String(39 - field(facts, 18)),
  NLWP: (facts) => String(field(facts, 20)),
  PSR: (facts) => String(field(facts, 39)),
  STIME: (facts) => startTime(started(facts), new Date()),
  LSTART: (facts) => longTime(started(facts)),
  ELAPSED: (facts) => elapsed(age(facts)),
  ETIMES: (facts) => String(Math.floor(age(facts))),
  TTY: (facts) => ttyName(field(facts, 7)),
  TIME: (facts) => clock(cpuSeconds(facts)),
  BSDTIME: (facts) => shortClock(cpuSeconds(facts)),
  VSZ: (facts) => String(Math.round(field(facts, 23) / kibibyte)),
  SZ: (facts) => String(Math.round(field(facts, 23) / pageSize)),
  RSS: (facts) => String(residentKib(facts)),
  COMM: ({ status }) => status.get('Name') ?? '',
  CMD: ({ command }) => command,
};

/** Of the guest's users, root alone has a name. */
function named(id: string): string {
  return id === '0' ? 'root' : id;
}

/** Pids and user ids are the guest's, as Docker has the host's. @throws EngineError `wrong-state`, `invalid-argument` */
export function topOf(
  engine: Engine,
  id: string,
  asked: readonly string[],
): { titles: string[]; processes: string[][] } {
  const { name, record } = engine.containers.get(id);
  requireActive(name, record.state);
  const getters = asked.map(columnOf);
  const bootSeconds = bootTime(engine.paths);
  const processes = pidsOf(cgroupDir(engine.paths, record)).flatMap((pid) => {
    const facts = factsOf(engine.paths, pid, bootSeconds);
    return facts === undefined ? [] : [getters.map((getter) => getter(facts))];
  });
  return { titles: [...asked], processes };
}

function columnOf(title: string): Column {
  const column = columns[title];
  if (column !== undefined) return column;
  throw new EngineError('invalid-argument', `There is no column ${title}.`, {
    hint: `Columns are ${Object.keys(columns).join(', ')}.`,
  });
}

/** Of the cgroup and those below it, in order. */
function pidsOf(cgroup: string): number[] {
  try {
    const own = readFileSync(join(cgroup, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
    const below = readdirSync(cgroup, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [...own, ...below.flatMap(({ name }) => pidsOf(join(cgroup, name)))].sort((a, b) => a - b);
  } catch {
    return [];
  }
}

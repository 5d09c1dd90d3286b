/** cpuset.cpus and cpuset.mems. */
import type { Resources } from '../../protocol/container-spec.ts';
import { invalid, type CgroupWrite, type ControllerPlan } from './write.ts';

export interface CpusetFacts {
  cpus: number;
  memoryNodes: number;
}

export function cpusetPlan(resources: Resources, facts: CpusetFacts): ControllerPlan {
  const writes: CgroupWrite[] = [];
  const add = (file: string, flag: string, text: string | undefined, available: number): void => {
    if (text === undefined || text === '') return;
    const highest = Math.max(...parseList(text, flag));
    if (highest >= available)
      throw invalid(
        `${flag} ${text}: the machine has ${available} (0-${available - 1})`,
        'Name only those that exist.',
      );
    writes.push({ file, value: text, why: flag });
  };
  add('cpuset.cpus', '--cpuset-cpus', resources.cpusetCpus, facts.cpus);
  add('cpuset.mems', '--cpuset-mems', resources.cpusetMems, facts.memoryNodes);
  return { writes, warnings: [] };
}

/** The ends of each range of `0-2,4`: cpuset(7), "List format". */
function parseList(text: string, flag: string): number[] {
  return text.split(',').flatMap((part) => {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(part.trim()) ?? [];
    if (first === undefined || Number(first) > Number(last))
      throw invalid(`${flag} ${text}: "${part}" is not a number or a range`, 'Write lists such as 0-2,4.');
    return [Number(first), Number(last)];
  });
}

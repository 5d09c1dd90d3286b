/**
 * How long `berth` takes to start, against Node doing nothing. The service is one of fakes, in a process of its own, so
 * that the command's own time is measured and not the machine's.
 */
import { fork, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { berthScript } from '../support/berth.ts';
import { median, row, type Row } from './report.ts';

const commands = ['version', 'ps'];
const fakeService = fileURLToPath(new URL('fake-service.ts', import.meta.url));

/** Node and the commands take turns, so that what else the machine does slows all alike. */
export async function startUp(rounds: number): Promise<Row[]> {
  const service = fork(fakeService);
  try {
    const env = { ...process.env, BERTH_HOME: await homeOf(service) };
    for (const command of commands) milliseconds(berthScript, [command], env);
    const floor: number[] = [];
    const times = new Map<string, number[]>(commands.map((command) => [command, []]));
    for (let round = 0; round < rounds; round++) {
      floor.push(milliseconds(process.execPath, ['-e', '0'], process.env));
      for (const [command, taken] of times) taken.push(milliseconds(berthScript, [command], env));
    }
    const against = { floor: median(floor), target: 1.5 };
    return [...times].map(([command, taken]) => row(`startup/${command}`, 'ms', taken, against));
  } finally {
    service.disconnect();
  }
}

async function homeOf(service: ChildProcess): Promise<string> {
  const [home] = (await once(service, 'message')) as [string];
  return home;
}

function milliseconds(program: string, args: readonly string[], env: NodeJS.ProcessEnv): number {
  const begin = performance.now();
  const { status, stderr } = spawnSync(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  if (status !== 0)
    throw new Error(`${program} ${args.join(' ')} ended with ${status ?? 'a signal'}: ${String(stderr)}`);
  return performance.now() - begin;
}

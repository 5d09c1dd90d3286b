/** The real `docker` command against a machine's Docker socket; tests of test/docker-compat share one boot. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { command, type Outcome } from './berth.ts';

/** A folder of `PATH` has it. */
export const dockerIsHere = (process.env.PATH ?? '')
  .split(delimiter)
  .some((folder) => existsSync(join(folder, 'docker')));

/** Seconds after which a line and all that it started are killed, unless it is one that waits for much. */
const usualLimit = 60;

/** Of the shared machine, on the host. */
export function dockerSocket(): string {
  return join(process.env.BERTH_HOME ?? '', 'run/default/docker.sock');
}

/** For `docker` and what runs it: the shared machine's socket, contexts and credentials of its own. */
export function dockerEnv(): Record<string, string> {
  const home = process.env.BERTH_HOME ?? '';
  return { DOCKER_HOST: `unix://${dockerSocket()}`, DOCKER_CONFIG: join(home, 'docker-config') };
}

/** A shell's command line with `docker` in it. */
export function shell(line: string, seconds = usualLimit): Promise<Outcome> {
  const limitMs = (seconds + usualLimit) * 1000;
  return command('timeout', ['-s', 'KILL', String(seconds), 'sh', '-c', line], { env: dockerEnv(), limitMs });
}

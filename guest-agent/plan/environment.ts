/** The environment of a container's processes. */

/** Docker's default PATH on Linux. */
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface EnvironmentInput {
  env: readonly string[];
  hostname: string;
  home: string;
  tty: boolean;
}

/** What was asked for; PATH, HOSTNAME, HOME and, with a terminal, TERM are added when missing. Of a name given twice the last counts, alone it takes the variable away. */
export function environment({ env, hostname, home, tty }: EnvironmentInput): string[] {
  const values = new Map<string, string>([
    ['PATH', defaultPath],
    ['HOSTNAME', hostname],
    ...(tty ? [['TERM', 'xterm'] as const] : []),
    ['HOME', home],
  ]);
  for (const entry of env) {
    const equals = entry.indexOf('=');
    if (equals > 0) values.set(entry.slice(0, equals), entry.slice(equals + 1));
    if (equals < 0) values.delete(entry);
  }
  return [...values].map(([name, value]) => `${name}=${value}`);
}

/** Folders of PATH in `env`; an empty one is the working directory, as for execvp(3). */
export function searchPath(env: readonly string[]): string[] {
  const path = env.findLast((entry) => entry.startsWith('PATH='))?.slice('PATH='.length) ?? defaultPath;
  return path.split(':').map((folder) => (folder === '' ? '.' : folder));
}

import { access, constants } from 'node:fs/promises';
import { posix, win32 } from 'node:path';
import type { HostOs } from './platform.ts';

/** The first executable of that name in the folders of `PATH` and then in `more`; undefined where there is none. */
export async function findProgram(
  name: string,
  hostOs: HostOs,
  path: string | undefined,
  more: readonly string[] = [],
): Promise<string | undefined> {
  const rules = hostOs === 'win32' ? win32 : posix;
  const folders = (path ?? '').split(rules.delimiter).filter((folder) => folder !== '');
  const file = hostOs === 'win32' ? `${name}.exe` : name;
  for (const folder of [...folders, ...more]) {
    const candidate = rules.join(folder, file);
    if (await isExecutable(candidate)) return candidate;
  }
  return undefined;
}

export async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

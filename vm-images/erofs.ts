/** EROFS images that depend on their content alone: fixed UUID, no times, root as owner of everything. */
import { run } from './run.ts';

const UUID = '62657274-6800-4000-8000-000000000001';

export async function makeErofs(folder: string, output: string, signal?: AbortSignal): Promise<void> {
  await run('mkfs.erofs', ['--quiet', '-T0', '-U', UUID, '--all-root', '-x-1', output, folder], { signal });
}

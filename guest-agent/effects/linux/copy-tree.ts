/** `berth-archive copy`: the launcher's own file as the archiver, in no namespace. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { archiveFailure } from '../../protocol/archive-failure.ts';

/** @param launcher the program */
export async function copyTree(launcher: string, from: string, to: string): Promise<void> {
  const child = spawn(launcher, ['copy', from, to], { argv0: 'berth-archive', stdio: ['ignore', 'ignore', 'pipe'] });
  const [[code], words] = await Promise.all([once(child, 'exit') as Promise<[number | null]>, text(child.stderr)]);
  if (code !== 0) throw archiveFailure(words);
}

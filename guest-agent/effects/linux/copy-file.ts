/** `berth-launcher copy`: bytes of a share to the data disk, which JavaScript would take many times as long for. */
import { execFile } from 'node:child_process';
import { constants } from 'node:os';
import { promisify } from 'node:util';
import { diskFullHint, EngineError } from '../../protocol/errors.ts';
import type { FileCopy } from '../effects.ts';
import { errnoName } from './failure.ts';

const run = promisify(execFile);

/** @param launcher the program */
export async function copyFile(launcher: string, copy: FileCopy, signal: AbortSignal): Promise<string> {
  const words = ['copy', copy.source, copy.target, String(copy.sizeBytes)];
  try {
    const { stdout } = await run(launcher, words, { signal, killSignal: 'SIGKILL' });
    return stdout.trim();
  } catch (error) {
    if (signal.aborted) throw new EngineError('cancelled', `Copying ${copy.source} was broken off.`, { cause: error });
    throw failed(copy, error);
  }
}

/** It says errno, step and path. */
function failed({ source }: FileCopy, cause: unknown): EngineError {
  const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr) : '';
  const [, number = '', step = 'it'] = /^(\d+) (\S+)/.exec(said) ?? [];
  const errno = Number(number);
  if (errno === constants.errno.ENOSPC)
    return new EngineError('disk-full', `There is no room for ${source}.`, { hint: diskFullHint, cause });
  const why = step === 'short' ? 'it is shorter than it should be' : `${step}: ${errnoName(errno)}`;
  return new EngineError('operation-failed', `${source} could not be copied: ${why}.`, {
    hint: 'Try again; if it happens again, run "berth restart".',
    cause,
  });
}

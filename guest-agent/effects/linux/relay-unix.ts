/** `berth-launcher unix-relay`: it ends once it listens, and leaves a child behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { EngineError } from '../../protocol/errors.ts';

/** @param launcher the program */
export async function relayUnix(launcher: string, from: string, to: string): Promise<void> {
  const child = spawn(launcher, ['unix-relay', from, to], { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = (await once(child, 'exit').catch((cause: unknown) => [String(cause)])) as [number | string | null];
  if (code !== 0)
    throw new EngineError('operation-failed', `The engine's socket could not be made in the guest (${code}).`, {
      hint: 'Restart the machine.',
    });
}

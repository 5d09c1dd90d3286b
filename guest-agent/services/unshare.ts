/** A program of the guest in new namespaces, with no image: unshare(1) with a monitor. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { unsharePrefix } from '../plan/cgroup-parent.ts';
import { planUnshare, type UnshareParams } from '../plan/unshare-plan.ts';
import { EngineError } from '../protocol/errors.ts';
import type { Engine } from './engine.ts';
import { newId } from './names.ts';
import { cgroupRoot } from './paths.ts';

export async function unshare(engine: Engine, params: UnshareParams): Promise<{ id: string; stream: string }> {
  const id = newId();
  const cgroup = join(cgroupRoot(engine.paths), `${unsharePrefix}${id.slice(0, 12)}`);
  const clean = (): void => void engine.effects.removeCgroup(cgroup).catch(() => undefined);
  try {
    const { process, bytes } = await engine.execs.launch(id, true, ({ socket, state }) =>
      planUnshare(params, { socket, state, cgroup, hostname: hostname() }),
    );
    void process.exited.then(clean);
    if (bytes === undefined) throw new EngineError('internal', 'The process has no stream.');
    // Nobody can get at it again.
    bytes.once('close', () => void engine.execs.kill(id));
    return { id, stream: engine.execs.offer(bytes) };
  } catch (error) {
    clean();
    throw error;
  }
}

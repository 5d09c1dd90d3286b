/** Hands a plan to the launcher and follows it until the program runs. */
import type { LaunchPlan } from '../../plan/op.ts';
import { encodePlan } from '../../plan/wire.ts';
import { EngineError } from '../../protocol/errors.ts';
import type { Launched } from '../effects.ts';
import { launchError } from './failure.ts';
import { monitorFrame, u32 } from '../frames.ts';
import type { LauncherLine } from './launcher-line.ts';
import { launchedBy, readExit, watch } from './monitor-client.ts';

export async function launch(
  launcher: LauncherLine,
  plan: LaunchPlan,
  onReady?: (pid: number) => void,
): Promise<Launched> {
  const bytes = encodePlan(plan);
  const socket = await launcher.take();
  const told = watch(socket);
  socket.cork();
  socket.write(u32(bytes.length));
  socket.write(bytes);
  socket.uncork();
  const first = await told.first;
  if (first?.kind === monitorFrame.ready) onReady?.(first.payload.readUInt32LE(0));
  const word = await told.started;
  launcher.prepareSoon();
  if (word?.kind === monitorFrame.started) {
    // A record on disk is the better one: it has the monitor's own time, and is there when the monitor was cut off.
    const exited = told.exited.then((seen) => readExit(plan.monitor.stateDir) ?? seen);
    return launchedBy(socket, word.payload.readUInt32LE(0), exited);
  }
  socket.destroy();
  if (word !== undefined) throw launchError(plan, word.payload);
  throw new EngineError('operation-failed', 'The launcher went away before the program ran.', {
    hint: 'Try again; if it stays so, restart the machine.',
  });
}

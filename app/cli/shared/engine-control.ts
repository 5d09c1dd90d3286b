/** `berth start`, `stop` and `restart` without names: the engine and the host service. */
import type { Context } from '../context.ts';
import { startEngine } from '../ensure-engine.ts';
import { describeState } from '../views/machine-row.ts';

export async function startAndTell(context: Context, quiet: boolean): Promise<number> {
  const client = await context.connect('service');
  const state = await startEngine(client, context, quiet);
  if (!quiet) context.print(...describeState(context.globals.machine, state));
  return 0;
}

export interface StopWanted {
  readonly force: boolean;
  /** End the host service too, with all machines. */
  readonly service: boolean;
}

export async function stopEngine(context: Context, { force, service }: StopWanted): Promise<void> {
  const client = await context.connectIfThere();
  if (client === undefined) return;
  await client.api.engine.stop({ force });
  if (service) await client.shutdownService();
}

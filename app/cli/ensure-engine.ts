import type { ControlClient } from '../control/client.ts';
import type { EngineState } from '../contract/machine.ts';
import type { Context } from './context.ts';
import { standardError } from './output.ts';
import { Progress } from './terminal/progress.ts';

/** Starts the engine when it does not run, telling on stderr what is being done. */
export async function ensureEngine(client: ControlClient, context: Context, quiet: boolean): Promise<EngineState> {
  const state = await client.api.engine.state({});
  if (state.status === 'running') return state;
  return startEngine(client, context, quiet);
}

export async function startEngine(client: ControlClient, context: Context, quiet: boolean): Promise<EngineState> {
  const progress = new Progress(standardError(), quiet);
  const events = client.onEvent((event) => {
    if (event.kind === 'engine' && event.machine === context.globals.machine) {
      if (event.state.status === 'starting') progress.step(`Starting the engine: ${event.state.detail}`);
    } else if (event.kind === 'progress') progress.step(`${event.task}: ${event.detail}${percent(event)}`);
  });
  try {
    return await client.api.engine.start({});
  } finally {
    events[Symbol.dispose]();
    progress.clear();
  }
}

function percent(event: { doneBytes: number; totalBytes: number }): string {
  return event.totalBytes > 0 ? ` ${Math.floor((event.doneBytes / event.totalBytes) * 100)} %` : '';
}

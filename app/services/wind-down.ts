import { guestMethods } from '../../guest-agent/protocol/index.ts';
import { withDeadline } from '../base/deadline.ts';
import type { Log } from '../base/log.ts';
import type { Session } from './session.ts';

export interface StopLimits {
  /** Seconds that containers get to end by themselves. */
  readonly containers: number;
  /** Milliseconds from the agent's word to the end of the VM. */
  readonly powerOff: number;
}

const defaultLimits: StopLimits = { containers: 10, powerOff: 20_000 };

/**
 * Ends a machine: the agent is asked first (containers get their stop signals, the disk is left clean), then the power
 * button and what follows it; with `force` at once.
 */
export async function windDown(session: Session, force: boolean, log: Log, limits = defaultLimits): Promise<void> {
  try {
    if (!force)
      await askAgent(session, limits).catch((error: unknown) =>
        log.warn({ err: error }, 'the agent did not stop the guest'),
      );
    await session.vm.stop(force ? 'force' : 'graceful');
  } finally {
    await session[Symbol.asyncDispose]();
  }
}

async function askAgent({ guest, vm }: Session, { containers, powerOff }: StopLimits): Promise<void> {
  const gone = vm.exited.then(() => undefined);
  const limit = containers * 1000 + powerOff;
  await withDeadline('Stopping the guest', limit, async (signal) => {
    // The guest may be off before its answer has arrived.
    await Promise.race([guest.call(guestMethods.shutdown, { timeoutSeconds: containers }, { signal }), gone]);
    await gone;
  });
}

/**
 * A guest that ends by itself while it boots is started once more, and that is told. Nothing of the user ran in it yet.
 * The known cause: QEMU before 8.1 emulating several processors may keep stale code while another processor patches it
 * ("accel/tcg: Always lock pages before translation"), about once in a thousand boots.
 */
import { EngineError } from '../base/error.ts';
import { bringUp, type BringUpOptions } from './bring-up.ts';
import type { Session } from './session.ts';

/** @throws EngineError as `bringUp` does; `vm-crashed` only when it happened twice in a row. */
export async function bringUpTwice(options: BringUpOptions): Promise<Session> {
  try {
    return await bringUp(options);
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'vm-crashed' || options.signal.aborted) throw error;
    options.log.warn({ err: error }, 'the guest ended while it booted; it is started once more');
    options.onStage('vm', `${error.message} Starting it once more`);
    const session = await bringUp(options);
    return { ...session, warnings: [...session.warnings, `${error.message} The second start went well.`] };
  }
}

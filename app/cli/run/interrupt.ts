/** What Ctrl-C means before the process of a container has our terminal or pipes. */
import { EngineError } from '../../base/error.ts';

const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface Interrupt extends Disposable {
  /** Fires with EngineError `cancelled` at the first signal; the second one ends the command at once. */
  readonly signal: AbortSignal;
}

/** Until it is disposed signals do not end this process: what was begun can be undone. */
export function guardInterrupt(): Interrupt {
  const controller = new AbortController();
  const release = () => {
    for (const name of names) process.off(name, stop);
  };
  const stop = () => {
    release();
    controller.abort(new EngineError('cancelled', 'Interrupted.', { hint: 'Nothing of it is left.' }));
  };
  for (const name of names) process.on(name, stop);
  return { signal: controller.signal, [Symbol.dispose]: release };
}

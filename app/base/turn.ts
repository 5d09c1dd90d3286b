import type { LimitFunction } from 'p-limit';
import { asError } from './deadline.ts';

/**
 * Waits for one of the slots and holds it until it is disposed, which may be done again and again. Who gives up waiting
 * takes none.
 * @throws the signal's reason
 */
export async function takeTurn(slots: LimitFunction, signal?: AbortSignal): Promise<Disposable> {
  const [begun, over] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
  const turn = { [Symbol.dispose]: () => over.resolve(undefined) };
  const leave = () => {
    turn[Symbol.dispose]();
    begun.reject(asError(signal?.reason));
  };
  signal?.throwIfAborted();
  signal?.addEventListener('abort', leave, { once: true });
  void slots(() => {
    begun.resolve(undefined);
    return over.promise;
  });
  try {
    await begun.promise;
    return turn;
  } finally {
    signal?.removeEventListener('abort', leave);
  }
}

/** Joins two byte streams both ways: back-pressure by pipe, half-close carried over, an abrupt end ends both. */
import type { Duplex } from 'node:stream';

/**
 * The end of one side's bytes ends the other's writable half only, so an answer may still come back. When one side breaks
 * or closes before its end, the other is destroyed. `done` runs once, when both have closed.
 */
export function joinStreams(a: Duplex, b: Duplex, done?: () => void): void {
  let open = 2;
  for (const side of [a, b]) {
    const closed = (): void => {
      open -= 1;
      if (open === 0) done?.();
    };
    if (side.closed) closed();
    else side.once('close', closed);
  }
  oneWay(a, b);
  oneWay(b, a);
}

function oneWay(from: Duplex, to: Duplex): void {
  if (from.destroyed) to.destroy();
  from.on('error', () => to.destroy());
  from.once('close', () => {
    if (!from.readableEnded) to.destroy();
    else if (!to.readableEnded) to.unpipe(from).resume();
  });
  from.pipe(to);
}
